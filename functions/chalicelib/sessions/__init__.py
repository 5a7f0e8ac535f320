"""Sessions: what is open now and how to leave it."""
