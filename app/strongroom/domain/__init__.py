"""Values and rules of the registry; nothing here does I/O or knows the layers above."""
