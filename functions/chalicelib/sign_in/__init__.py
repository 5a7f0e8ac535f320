"""Sign-in: the doors through which a person comes into the cabinet."""
