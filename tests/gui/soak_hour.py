"""What an engineer's hour brings to an open window, for `soak.py`: minute by minute.

    python -m tests.gui.soak_hour REGISTRY FOLDER

is the other process: for each line on stdin it adds a version of a run, and answers with a line.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.gui.soak import Soak

FILTERS = (
    "kind:model", "auc>0.8", "name:model*", "run:r1", "has:metric", "created:<1h", "size:>1KB",
    "kind:dataset or kind:log", "nothing at all", "size:>many",
)  # fmt: skip
SIZES = ((1440, 900), (1100, 700), (1024, 640), (1920, 1080), (1300, 820))


class Hour:
    """`minute(n)` lets one simulated minute pass."""

    def __init__(self, soak: Soak, out: Path) -> None:
        self._soak, self._out = soak, out
        self._rng = random.Random(7)
        self._beside = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.soak_hour", str(soak.place), str(out.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        assert self._beside.stdin is not None and self._beside.stdout is not None
        self._beside.stdin.close()
        self._beside.wait()
        self._beside.stdout.close()

    def minute(self, number: int) -> None:
        soak, window = self._soak, self._soak.window
        self._training_writes(number)
        assert self._beside.stdin is not None and self._beside.stdout is not None
        self._beside.stdin.write(f"{number}\n")
        self._beside.stdin.flush()
        window.go_to("Library")
        soak.type_filter(FILTERS[number % len(FILTERS)])
        soak.pass_time(0.3)
        soak.clear_filter()
        soak.select_rows(6)
        soak.look_at_files(1 + number % 4)
        self._beside.stdout.readline()
        soak.pass_time(0.6)  # quiet time passes: what was written comes in
        for screen in window.screens:
            window.go_to(screen.title)
            soak.pass_time(0.1)
        window.go_to("Library")
        reference = soak.any_reference(self._rng)
        if reference:
            soak.bridge.enqueue("verify", {"references": [reference]})
        if number % 3 == 0:
            gone = os.fsencode(self._out / f"gone {number}").hex()
            soak.bridge.enqueue("add", {"paths": [gone], "title": f"gone {number}"})
        if number % 2 == 0:
            soak.add_sheet()
        if number % 4 == 1:
            soak.palette()
            soak.row_menu()
        if number % 5 == 2:
            window.acts.choose_theme("dark" if number % 2 else "light")
        if number % 5 == 3:
            window.resize(*SIZES[number // 5 % len(SIZES)])
        if number % 6 == 4:
            window.page.group(("artifact", "run", "")[number // 6 % 3])
        if number % 7 == 5:
            soak.jobs_popup()
            soak.problems_popup()
        if number % 10 == 9:
            window.strip.announce(f"Minute {number} is over")
            window.page.table.scrollToBottom()
            soak.pass_time(0.1)
            window.page.show_news()
        soak.pass_time(0.3)

    def _training_writes(self, number: int) -> None:
        """A run that goes on: metrics grow, a checkpoint in each minute, a new run in each ten."""
        run = self._out / f"run-{number // 10}"
        run.mkdir(parents=True, exist_ok=True)
        if number % 10 == 0:
            (run / "config.json").write_text(f'{{"lr": 0.{number + 1}, "seed": {number}}}')
        with open(run / "metrics.csv", "a") as metrics:
            if number % 10 == 0:
                metrics.write("step,loss,auc\n")
            for step in range(20):
                auc = f"0.{700 + number + step}"
                metrics.write(f"{number * 20 + step},{1 / (step + 1):.4f},{auc}\n")
        with open(run / "train.log", "a") as log:
            log.write(f"minute {number}\n" * 30)
        (run / f"checkpoint-{number}.bin").write_bytes(self._rng.randbytes(40_000))
        for at in range(3):
            (self._out / f"table-{number}-{at}.csv").write_text(f"a,b\n{number},{at}\n" * 40)


def beside(registry_place: Path, work: Path) -> None:
    from strongroom.bootstrap import open_registry
    from strongroom.services.add import AddOptions
    from strongroom.settings import Settings

    with closing(open_registry(registry_place, Settings(), "cli")) as registry:
        for line in sys.stdin:
            number = int(line)
            run = f"beside-{number // 10}"
            if number % 10 == 0:
                registry.start_run(run, name=f"training beside {number // 10}")
            for at in range(2):
                path = work / f"beside-{at}.bin"
                path.write_bytes(random.Random(number * 2 + at).randbytes(30_000))
                registry.add(
                    [os.fsencode(path)],
                    AddOptions(
                        name=f"model-{at}",
                        kind="model",
                        run=run,
                        metrics={"auc": 0.5 + number / 200, "loss": 1 / (number + 1)},
                        params={"lr": 0.1, "depth": number % 7},
                    ),
                )
            if number % 10 == 9:
                registry.finish_run(run, failed=number % 20 == 9)
            print(number, flush=True)


if __name__ == "__main__":
    beside(Path(sys.argv[1]), Path(sys.argv[2]))
