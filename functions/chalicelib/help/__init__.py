"""The help centre: what its readers say of its pages."""
