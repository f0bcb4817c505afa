"""`python -m tests.faults.wounds SEED FOLDER`: one wounded registry, to look at.

What was done to it is printed; with `--play` also all that goes wrong with it, with `--shrink` for
as few of its wounds as will do, with `--only 0,2` for those.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.faults.wounds.bases import KINDS, make_base
from tests.faults.wounds.play import make_case, play, shrink


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--play", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--only", type=lambda text: [int(n) for n in text.split(",")])
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    (folder / "base").mkdir(parents=True)
    base = make_base(options.seed % KINDS, folder / "base")
    only: list[int] | None = options.only
    if options.shrink:
        only = shrink(options.seed, base, folder)
    case = make_case(options.seed, base, folder, only)
    if options.play or options.shrink:
        play(case, folder)
    print(case.report())


if __name__ == "__main__":
    main()
