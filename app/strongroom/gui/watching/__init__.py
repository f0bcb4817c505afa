"""The screen of watched folders: each with its state and rules, and what happens in it."""
