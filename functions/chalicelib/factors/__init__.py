"""Second factors: what a person confirms his sign-in with."""
