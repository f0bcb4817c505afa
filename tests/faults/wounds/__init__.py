"""Random damage to whole registries: bases to wound, the wounds, what must still be there, and
what the product then has to do. `python -m tests.faults.wounds SEED FOLDER` makes one of them.
"""
