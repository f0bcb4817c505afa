"""The window: Qt only, written against the `Registry` protocol alone."""
