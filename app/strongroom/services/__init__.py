"""Use cases: what a front end can ask for, each keeping its promise as a whole."""
