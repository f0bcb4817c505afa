"""What a run's files name as read is found on this computer, if the registry holds its content."""

from __future__ import annotations

import json
import os

from strongroom.services.add import AddOptions
from tests.conftest import add
from tests.services.watched import write_run


def runs_of(registry):
    return {r["name"]: r for r in registry.list_runs()["runs"]}


def project(folder):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "train.csv").write_text("x,y\n1,2\n3,4\n")
    run = folder / "run"
    run.mkdir()
    (run / "trainer_state.json").write_text(
        json.dumps({"log_history": [{"loss": 1.0, "step": 1}], "global_step": 1, "max_steps": 1})
    )
    (run / "config.json").write_text(json.dumps({"architectures": ["X"], "data": "data/train.csv"}))
    (run / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return run


def test_a_run_that_is_added_finds_its_data_by_content(registry, tmp_path):
    folder = tmp_path / "project"
    project(folder)
    data = add(registry, folder / "data" / "train.csv", name="train-data")
    os.rename(folder / "data", tmp_path / "moved")
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text((tmp_path / "moved" / "train.csv").read_text())
    made = registry.add([os.fsencode(folder / "run")], AddOptions())["versions"]
    run = registry.show_run(made[0]["run"])["run"]
    assert run["inputs"] == [f"train-data@{data['tag']}"]
    edges = registry.lineage(f"{made[0]['name']}@v1", down=False)["edges"]
    assert ("train-data@v1", "observed") in {(e["from"], e["basis"]) for e in edges}
    again = registry.add([os.fsencode(folder / "run")], AddOptions())["versions"]
    assert again[0]["run"] == made[0]["run"] and len(registry.list_runs()["runs"]) == 1


def test_other_content_under_the_name_is_not_taken_for_it(registry, tmp_path):
    folder = tmp_path / "project"
    project(folder)
    add(registry, folder / "data" / "train.csv", name="train-data")
    (folder / "data" / "train.csv").write_text("x,y\n9,9\n")
    made = registry.add([os.fsencode(folder / "run")], AddOptions())["versions"]
    run = registry.show_run(made[0]["run"])["run"]
    assert run["inputs"] == [] and run["provenance"]["named_inputs"] == ["data/train.csv"]


def test_a_watched_run_names_data_outside_of_its_folder(registry, watching, folder, tmp_path):
    data = tmp_path / "elsewhere.csv"
    data.write_text("x,y\n5,6\n")
    add(registry, data, name="outside")
    write_run(folder / "runs" / "a", [0.5], {"data_path": str(data)})
    w = watching()
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    assert w.runs()[0]["inputs"] == ["outside@v1"]


def test_devices_addresses_and_nonsense_are_only_names(registry, tmp_path):
    from strongroom.services import named_inputs

    for target in ("/dev/zero", "/dev/stdin", "s3://bucket/x", "a\0b", "", "../" * 50, "x" * 5000):
        hint = {"target": target, "sha256": None, "basis": "observed", "why": "", "file": ""}
        assert named_inputs.found(registry.desk, hint, str(tmp_path)) == []
