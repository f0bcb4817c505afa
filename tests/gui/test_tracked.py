"""A training that tells of itself is seen in the window while it goes on, and when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from textwrap import dedent

from strongroom.bootstrap import create_registry
from strongroom.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TRAINING = """
    import strongroom, time
    with strongroom.track("night shift", params={"lr": 0.01}) as run:
        for step in range(100000):
            run.log({"loss": 1 / (step + 1)}, step=step)
            if step == 20:
                open("ckpt.bin", "wb").write(b"x" * 1000)
                run.add("ckpt.bin", name="night-model", kind="model")
            time.sleep(0.01)
"""


def test_a_tracked_training_is_live_in_the_window_and_lost_when_killed(person, tmp_path):
    with closing(create_registry(person.place, Settings(), "cli")):
        pass
    (tmp_path / "train.py").write_text(dedent(TRAINING))
    window = person.open()
    window.go_to("Runs")
    screen = window.runs_screen
    process = subprocess.Popen(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "app"),
            "STRONGROOM_REGISTRY": str(person.place),
            "STRONGROOM_QUEUE": str(tmp_path / "queue"),
        },
    )
    try:
        person.until(lambda: screen.model.rowCount() == 1, 30000)
        person.until(lambda: screen.view.run is not None and screen.view.run["live"], 30000)
        person.until(lambda: "loss" in str(screen.view.curves.groups), 20000)
        person.until(lambda: bool(screen.view.run["outputs"]), 20000)
        first = screen.view.run["series"]["loss"]["points"]
        person.until(lambda: screen.view.run["series"]["loss"]["points"] > first, 20000)
        person.picture("runs-tracked")
        process.send_signal(signal.SIGKILL)
        process.wait()
        person.until(lambda: screen.view.run["status"] == "lost", 30000)
        person.picture("runs-lost")
    finally:
        process.kill()
        process.wait()
    window.show_lineage("night-model@v1")
    lineage = window.lineage_screen
    person.until(lambda: lineage.shown is not None and len(lineage.shown.nodes) == 2)
