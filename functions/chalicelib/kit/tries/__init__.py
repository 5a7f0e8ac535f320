"""Counted tries of secrets."""
