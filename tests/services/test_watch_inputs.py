"""What a watched run says it has read, as references to versions."""

from __future__ import annotations

from tests.services.watched import write_run


def finished(w):
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    return w.runs()[0]


def test_a_named_folder_means_the_files_in_it(watching, folder):
    for name in ("train.csv", "sub/val.csv"):
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_text("x,y\n1,2\n")
    (folder / "database.csv").write_text("x,y\n1,2\n")
    write_run(folder / "runs" / "a", [0.5], {"data_dir": "data/"})
    run = finished(watching())
    assert sorted(run["inputs"]) == ["out/data/sub/val.csv@v1", "out/data/train.csv@v1"]
    assert "named_inputs" not in run["provenance"]


def test_a_folder_of_very_many_files_stays_a_name(watching, folder):
    (folder / "data").mkdir()
    for number in range(120):
        (folder / "data" / f"{number}.txt").write_text(str(number))
    write_run(folder / "runs" / "a", [0.5], {"data_dir": "data"})
    run = finished(watching())
    assert run["inputs"] == [] and run["provenance"]["named_inputs"] == ["data"]


def test_a_run_does_not_read_what_it_made(watching, folder):
    write_run(folder / "runs" / "a", [0.5], {"weights": "model.bin", "data_dir": "."})
    run = finished(watching())
    assert len(run["outputs"]) == 3 and run["inputs"] == []
