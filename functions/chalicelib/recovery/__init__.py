"""Recovery: a new password, the way back for who has lost his, and accounts that were closed against strangers."""
