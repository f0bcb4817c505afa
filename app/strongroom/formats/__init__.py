"""Bounded readers of file formats and archives; nothing here executes or unpacks to disk."""
