"""One module for each command or close family; `COMMANDS` in each names what it holds."""
