"""Signatures: whose a detached electronic signature is, and whether it holds."""
