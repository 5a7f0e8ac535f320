"""The cabinet of a medical worker: everything the deployed functions are made of."""
