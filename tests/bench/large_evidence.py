"""Makes what is large: a table of five million rows and a model of four gigabytes, twice each."""

from __future__ import annotations

import random
from pathlib import Path

ROWS = 5_000_000
#: One row in so many is another one in the second table.
CHANGED = 50


def make_table(path: Path, other: bool = False, rows: int = ROWS) -> Path:
    """Six columns: a key, whole and broken numbers, words, an empty cell now and then, a flag."""
    dice = random.Random(1)
    words = ["card", "cash", "transfer", "voucher", "cheque"]
    with open(path, "w") as out:
        out.write("id,amount,age,kind,note,label\n")
        block: list[str] = []
        for number in range(rows):
            amount = dice.gauss(50.0, 20.0) + (30.0 if other and not number % CHANGED else 0.0)
            note = "" if number % 7 else "seen"
            block.append(
                f"{number},{amount:.2f},{dice.randrange(18, 90)},{dice.choice(words)},{note},"
                f"{number % 2}\n"
            )
            if len(block) == 100_000:
                out.writelines(block)
                block.clear()
        out.writelines(block)
    return path
