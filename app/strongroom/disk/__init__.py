"""Durable writing, walking folders and SQLite: what store, catalog and audit all stand on."""
