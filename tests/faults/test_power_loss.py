"""Power is lost at any instant of real commands: nothing reported is lost, nothing is half.

What the disk may hold then is made by the models of `power_loss.images`; the product opens it.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fast import fast_folder
from tests.faults.power_loss.checks import CATEGORIES, Finding, judge
from tests.faults.power_loss.images import MODELS, Log, image, instants
from tests.faults.power_loss.recording import keep
from tests.faults.power_loss.story import STORIES, record

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the recorder is for Linux")

#: The syncs of a first `add` before which it is killed: about those in its last third, when the
#: store and the catalog are written to.
KILLS = (9, 25, 27, 28, 29)
TOLD = [(name, 1) for name in STORIES if name != "killed_before_sync"]
TOLD += [("killed_before_sync", n) for n in KILLS]
#: Images of a story by each model.
IMAGES = 3
SLOW_IMAGES, SLOW_SEEDS, SLOW_KILLS = 2000, (2, 3, 4), range(1, 37)
#: So many findings are told of in full.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Lost:
    """An image in which something was found: how to make it again, and what it was."""

    recording: Path
    model: str
    seed: int
    op: int
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        found = "\n".join(f"    {f.category}: {f.text}" for f in self.findings[:6])
        chosen = f"{self.model} {self.seed} {self.op}"
        return (
            f"{self.recording.name}: model, seed, op {chosen}\n{found}\n    again: "
            f"python -m tests.faults.power_loss {self.recording} {chosen} FOLDER --judge"
        )


def lose_power(folder: Path, name: str, seed: int, count: int, kept: Path) -> list[Lost]:
    """Tells a story and loses power `count` times by each model; what was found comes back.

    The recording is copied to `kept` where anything was.
    """
    told = record(name, seed, folder / "told")
    log, lost = Log(told.ops), []
    kept = kept / f"{name}-{seed}"
    for model in MODELS:
        for k in instants(told, log, count, random.Random(f"{name} {model} {seed}")):
            place = folder / f"image-{model}-{k}"
            image(log, model, seed, k).write(place)
            findings = judge(place, told, k)
            shutil.rmtree(place)
            if findings:
                lost.append(Lost(kept, model, seed, k, tuple(findings)))
    if lost:
        keep(folder / "told", kept)
    return lost


@pytest.mark.parametrize("name, seed", TOLD)
def test_power_is_lost(name, seed, tmp_path):
    with fast_folder() as folder:
        lost = lose_power(folder, name, seed, IMAGES, tmp_path)
    assert not lost, f"{len(lost)} images:\n" + "\n".join(map(str, lost[:_SHOWN]))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_power_is_lost_two_thousand_times(tmp_path, capsys):
    plan = [(name, seed, 0) for name in STORIES for seed in SLOW_SEEDS]
    plan = [one for one in plan if one[0] != "killed_before_sync"]
    each = -(-(SLOW_IMAGES // len(MODELS) - 2 * len(SLOW_KILLS)) // len(plan))
    plan = [(name, seed, each) for name, seed, _ in plan]
    plan += [("killed_before_sync", n, 2) for n in SLOW_KILLS]
    lost: list[Lost] = []
    for name, seed, count in plan:
        with fast_folder() as folder:
            lost += lose_power(folder, name, seed, count, tmp_path)
    with capsys.disabled():
        print("\n" + table(lost, sum(count for _, _, count in plan)))
    assert not lost, f"{len(lost)} images:\n" + "\n".join(map(str, lost[:_SHOWN]))


def table(lost: list[Lost], images: int) -> str:
    """How many images of each model had a finding of each category."""
    counts = Counter((one.model, c) for one in lost for c in {f.category for f in one.findings})
    rows = [["", *CATEGORIES, "images"]]
    rows += [[m, *(str(counts[m, c]) for c in CATEGORIES), str(images)] for m in MODELS]
    return "\n".join("".join(cell.rjust(12) for cell in row) for row in rows)
