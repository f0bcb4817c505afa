"""A watched folder whose session the test steps itself, and a run to write into it."""

from __future__ import annotations

import json
import os
import time

from strongroom.services.watch_session import Timing, WatchSession
from strongroom.services.watches import ensure

FAST = Timing(quiet_time=0.2, idle_end=1.0, rescan=0.5, reserve=0)


class Watching:
    """A session that is stepped by the test, with what it told."""

    def __init__(self, registry, folder, timing=FAST, **options):
        self.registry, self.events = registry, []
        self.watch = ensure(registry.desk, os.fsencode(folder), options)
        self.session = WatchSession(registry.desk, self.watch, timing, self.events.append)
        self.session.open()

    def until(self, condition, seconds=15.0, **step):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.names(), [e.data for e in self.events][-5:])
            self.session.step(**step)
            time.sleep(0.02)

    def idle(self, **step):
        for _ in range(3):
            self.session.step(**step)
        self.until(lambda: self.session.pending == 0, **step)

    def names(self):
        return {
            a["name"]: a["versions"] for a in self.registry.list_artifacts(limit=1000)["artifacts"]
        }

    def ignored(self):
        return {e.data["path"]: e.data["reason"] for e in self.events if e.name == "watch.ignored"}

    def runs(self):
        return self.registry.list_runs()["runs"]

    def close(self):
        self.session.close()


def write_run(folder, metrics, params, finish=True):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(params))
    (folder / "metrics.csv").write_text(
        "epoch,loss\n" + "".join(f"{n},{v}\n" for n, v in enumerate(metrics, 1))
    )
    if finish:
        (folder / "model.bin").write_bytes(os.urandom(100))
