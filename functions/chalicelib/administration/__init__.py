"""Administration: the organisations of the cabinet, and its settings."""
