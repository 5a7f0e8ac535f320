"""Notices: how messages leave the cabinet."""
