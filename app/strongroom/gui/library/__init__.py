"""The Library: every version in one table, live."""
