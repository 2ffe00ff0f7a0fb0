"""6. Answers: daily figures of orders, dishes and funnels, and the ledger that proves them complete."""
