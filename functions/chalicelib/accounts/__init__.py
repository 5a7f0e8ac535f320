"""Accounts: the people of the cabinet, who they are and what they may act as."""
