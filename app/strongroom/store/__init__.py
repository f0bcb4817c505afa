"""Bytes by digest: nothing is read back without being hashed, nothing is half written."""
