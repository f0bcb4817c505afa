"""The journal: canonical entries of every fact, chained by hash, in segment files."""
