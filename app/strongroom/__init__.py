"""Strongroom: a registry that keeps every version of a team's models, data and metrics."""

__version__ = "0.1.0"
