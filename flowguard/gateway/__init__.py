"""2. HTTP in: events are judged, stored in Kafka, and only then answered; the storefront that emits them."""
