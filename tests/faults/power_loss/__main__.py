"""Writes one image, to look into a finding.

python -m tests.faults.power_loss STORY MODEL SEED OP FOLDER [--judge]

STORY is the name of a story, which is then told anew, or the folder of a recording that a test
kept: op numbers are the same in the latter only. FOLDER/image is the image; the last ops before OP
are printed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.faults.power_loss import checks, images, recording, story


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power_loss")
    parser.add_argument("story", help="a story's name, or the folder of a kept recording")
    parser.add_argument("model", choices=images.MODELS)
    parser.add_argument("seed", type=int)
    parser.add_argument("op", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judge", action="store_true", help="open the image and say what is wrong")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if Path(chosen.story).is_dir():
        told = recording.load(Path(chosen.story))
    else:
        told = story.record(chosen.story, chosen.seed, chosen.folder.resolve() / "recording")
    log = images.Log(told.ops)
    place = chosen.folder / "image"
    images.image(log, chosen.model, chosen.seed, chosen.op).write(place)
    for number in range(max(0, chosen.op - 12), chosen.op):
        op = told.ops[number]
        print(number, op.kind, op.path or op.data[:70], op.target, op.offset, len(op.data))
    print(f"{place} of {log.length} ops")
    if chosen.judge:
        os.environ["STRONGROOM_SETTINGS"] = os.fspath(chosen.folder.resolve() / "settings.toml")
        for finding in checks.judge(place, told, chosen.op):
            print(f"{finding.category}: {finding.text}")


if __name__ == "__main__":
    main()
