"""The trail of actions: the journal of persons and the security journal of unknown callers."""
