"""`python -m tests.faults.wounds SEED FOLDER [--play]`: one wounded registry, to look at.

What was done to it is printed; with `--play` also all that goes wrong with it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.faults.wounds.bases import KINDS, make_base
from tests.faults.wounds.play import make_case, play


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--play", action="store_true")
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    (folder / "base").mkdir(parents=True)
    base = make_base(options.seed % KINDS, folder / "base")
    case = make_case(options.seed, base, folder)
    if options.play:
        play(case, folder)
    print(case.report())


if __name__ == "__main__":
    main()
