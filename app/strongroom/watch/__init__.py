"""Watched folders: what changes in them, and when a file has come to rest."""
