"""The Compare screen: what was chosen, section by section, and its report."""
