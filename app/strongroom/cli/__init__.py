"""The command line: a thin front end that parses, asks the registry and prints."""
