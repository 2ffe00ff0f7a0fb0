"""1. What may happen: the events, the contract that they keep, the rules of the business, the menu."""
