"""Kit: small tools that know nothing of any one part of the cabinet."""
