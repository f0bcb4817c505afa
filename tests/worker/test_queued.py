"""The worker brings in what scripts added while the registry was out of reach."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

import strongroom
from strongroom.bootstrap import create_registry, open_registry
from strongroom.settings import Settings
from strongroom.worker.loop import Worker


def test_the_worker_brings_in_what_waited(tmp_path, monkeypatch):
    monkeypatch.setenv("STRONGROOM_QUEUE", str(tmp_path / "queue"))
    place, away = tmp_path / "registry", tmp_path / "away"
    create_registry(place, Settings(), "test").close()
    os.rename(place, away)
    model = tmp_path / "m.bin"
    model.write_bytes(b"abc")
    with (
        pytest.warns(UserWarning, match="no registry"),
        strongroom.track("offline", registry=place) as run,
    ):
        run.add(model, name="model")
        run.log({"loss": 0.5}, step=1)
    os.rename(away, place)
    with closing(open_registry(place, Settings(), "test")) as registry:
        worker = Worker(registry, Settings(), lambda event: None)
        worker.run_once()
        assert registry.show("model@v1")["size"] == 3
        (told,) = registry.list_runs()["runs"]
        assert told["name"] == "offline" and told["status"] == "finished"
    assert not list((tmp_path / "queue").iterdir())
