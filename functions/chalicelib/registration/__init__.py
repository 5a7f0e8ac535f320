"""Registration: how a medical worker gets an account of the cabinet."""
