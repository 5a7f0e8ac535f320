"""The seals of the journal: what makes a changed, missing or late record show."""
