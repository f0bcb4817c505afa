"""Adding what is odd: endless numbers, names that are no UTF-8, stored files that are gone."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.catalog.shown_metric import refill
from strongroom.domain.errors import Damaged
from strongroom.services import curves, live_series, preview, runs
from strongroom.services.add import AddOptions
from strongroom.services.place_trial import try_place
from strongroom.settings import Settings


def add(registry, path, **options):
    return registry.add([os.fsencode(path)], AddOptions(**options))["versions"]


def listed(registry):
    return registry.desk.engine.rows(
        "select a.name, v.metric, v.metric_value from versions v join artifacts a"
        " on a.id = v.artifact_id order by 1",
        [],
    )


def test_what_a_version_is_listed_by_is_the_same_live_migrated_and_rebuilt(place, tmp_path):
    registry = create_registry(place, Settings(), "cli")
    values = (0.5, math.inf, -math.inf, math.nan, "good", 10**400, -(10**400), True)
    for number, value in enumerate(values):
        file = tmp_path / f"{number}.bin"
        file.write_bytes(b"%d" % number)
        add(registry, file, metrics={"auc": value}, kind="model")
    for number in range(2):  # one before its run has metrics, one after
        file = tmp_path / f"of-run-{number}.bin"
        file.write_bytes(b"run %d" % number)
        add(registry, file, run="night", kind="model")
        runs.declare(registry.desk, "night", {}, {"auc": math.inf})
    live = listed(registry)
    assert len({value for name, _, value in live if name.startswith("of-run")}) == 1
    with registry.desk.engine.writing() as tx:
        refill(tx)
    assert listed(registry) == live
    registry.close()
    rebuild_registry(place)
    again = open_registry(place, Settings(), "cli")
    assert listed(again) == live
    again.close()


def test_a_run_folder_whose_name_is_no_utf8_is_added_and_found_again(registry, tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "exp") + b"/r\xff1"))
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text("lr: 0.1\n")
    (folder / "model.bin").write_bytes(b"weights")
    for _ in range(2):
        add(registry, tmp_path / "exp", split="runs")
    (run,) = registry.list_runs()["runs"]
    assert run["name"] == "r\\xff1"


def test_a_look_at_a_file_whose_stored_bytes_are_gone_tells_of_damage(
    registry, tmp_path, monkeypatch
):
    monkeypatch.setattr(preview, "VERIFIED_BYTES", 5 << 20)
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(6 << 20))
    add(registry, file)
    digest = registry.show("large.bin")["manifest"]["files"][0]["sha256"]
    registry.desk.store.object_path(bytes.fromhex(digest[-64:])).unlink()
    with pytest.raises(Damaged):
        registry.preview("large.bin@v1", "large.bin")


def test_a_place_that_cannot_be_looked_at_is_told_as_a_step(tmp_path):
    steps = try_place(tmp_path / ("x" * 300), 1 << 20)
    assert {step["state"] for step in steps} <= {"ok", "odd"} and not list(tmp_path.iterdir())


def test_the_curves_of_a_run_that_was_ended_from_elsewhere_are_its_sealed_ones(registry):
    registry.start_run("night")
    columns = curves.columns_of([(1, 2.0, 3.0)], 1)
    live_series.write(registry.desk.place.live, "night", {"loss": columns})
    assert registry.run_series("night") == {"loss": columns}
    registry.finish_run("night")
    assert registry.run_series("night") == {}
