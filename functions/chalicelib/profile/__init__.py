"""The profile: what a worker says of himself, and whether the register of medical workers agrees."""
