"""The journal of actions: what a person did, and who looked at his data."""
