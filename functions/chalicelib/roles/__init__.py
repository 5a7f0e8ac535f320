"""Roles: who may act as whom, by whose invitation, and until when."""
