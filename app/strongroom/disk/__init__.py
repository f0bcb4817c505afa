"""What durable writing and SQLite need from the operating system; below store, catalog and audit."""
