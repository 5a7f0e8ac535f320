"""The records that the kit itself keeps."""
