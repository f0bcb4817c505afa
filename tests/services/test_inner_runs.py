"""A study's trials become runs of their own, once, however often their database is looked at."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from strongroom.services.add import AddOptions

SCHEMA = """
create table studies (study_id integer primary key, study_name varchar(512));
create table study_user_attributes (study_id integer, key varchar(512), value_json text);
create table trials (trial_id integer primary key, number integer, study_id integer,
    state varchar(8), datetime_start datetime, datetime_complete datetime);
create table trial_params (trial_id integer, param_name varchar(512), param_value float,
    distribution_json text);
create table trial_values (trial_id integer, objective integer, value float, value_type varchar);
create table trial_intermediate_values (trial_id integer, step integer, intermediate_value float,
    intermediate_value_type varchar);
insert into studies values (1, 'digits');
insert into study_user_attributes values (1, 'dataset', '"data/train.csv"');
"""


def write_study(path, trials):
    with closing(sqlite3.connect(path)) as db, db:
        if not db.execute("select 1 from sqlite_master limit 1").fetchall():
            db.executescript(SCHEMA)
        db.execute("delete from trials")
        for table in ("trial_params", "trial_values", "trial_intermediate_values"):
            db.execute(f"delete from {table}")
        for n, (lr, score) in enumerate(trials):
            state = "PRUNED" if score is None else "COMPLETE"
            start, end = f"2026-01-01 00:00:0{n}", f"2026-01-01 00:01:0{n}"
            db.execute("insert into trials values (?,?,1,?,?,?)", (n + 1, n, state, start, end))
            db.execute(
                "insert into trial_params values (?,'lr',?,'{\"name\": \"FloatDistribution\"}')",
                (n + 1, lr),
            )
            if score is not None:
                db.execute("insert into trial_values values (?,0,?,'FINITE')", (n + 1, score))
            for step in range(3):
                db.execute(
                    "insert into trial_intermediate_values values (?,?,?,'FINITE')",
                    (n + 1, step, step / 10),
                )


def by_name(runs):
    return {run["name"]: run for run in runs}


def test_trials_of_an_added_study_are_runs(registry, tmp_path):
    study = tmp_path / "search"
    study.mkdir()
    write_study(study / "study.db", [(0.1, 0.9), (0.2, None)])
    registry.add([os.fsencode(study)], AddOptions())
    found = by_name(registry.list_runs()["runs"])
    assert {"trial 0", "trial 1"} <= found.keys()
    assert found["trial 0"]["params"] == {"lr": 0.1}
    assert found["trial 0"]["metrics"] == {"value": 0.9} and found["trial 1"]["metrics"] == {}
    curve = registry.run_series(found["trial 1"]["id"])["intermediate"]
    assert list(curve.values) == [0, 0.1, 0.2]
    provenance = registry.show_run(found["trial 0"]["id"])["run"]["provenance"]
    assert provenance["study"] == "digits" and provenance["named_inputs"] == ["data/train.csv"]


def test_a_password_in_what_a_trial_names_is_masked(registry, tmp_path):
    study = tmp_path / "search"
    study.mkdir()
    write_study(study / "study.db", [(0.1, 0.9)])
    with closing(sqlite3.connect(study / "study.db")) as db, db:
        db.execute("update study_user_attributes set value_json = '\"s3://me:pw12@host/x.csv\"'")
    registry.add([os.fsencode(study)], AddOptions())
    run = by_name(registry.list_runs()["runs"])["trial 0"]
    shown = str(registry.show_run(run["id"]))
    assert "host/x.csv" in shown and "pw12" not in shown


def test_a_trial_that_nobody_works_on_any_more_is_lost(registry, tmp_path):
    study = tmp_path / "search"
    study.mkdir()
    write_study(study / "study.db", [(0.1, 0.9), (0.2, None)])
    with closing(sqlite3.connect(study / "study.db")) as db, db:
        db.execute("update trials set state = 'RUNNING', datetime_complete = null where number = 1")
    registry.add([os.fsencode(study)], AddOptions())
    found = by_name(registry.list_runs()["runs"])
    assert found["trial 0"]["status"] == "finished" and found["trial 1"]["status"] == "lost"
    assert found["trial 1"]["ended_at"]


def test_trials_of_a_watched_study_are_recorded_once_and_tied_to_what_they_read(
    watching, folder, registry
):
    w = watching()
    (folder / "data").mkdir()
    (folder / "data/train.csv").write_text("a,b\n1,2\n")
    w.until(lambda: any("train.csv" in name for name in w.names()))
    write_study(folder / "study.db", [(0.1, 0.5)])
    w.until(lambda: "trial 0" in by_name(w.runs()))
    w.until(lambda: not w.session.runs.active)
    first = by_name(w.runs())["trial 0"]["id"]
    write_study(folder / "study.db", [(0.1, 0.5), (0.2, 0.75)])
    w.until(lambda: "trial 1" in by_name(w.runs()))
    w.until(lambda: not w.session.runs.active)
    names = [run["name"] for run in w.runs()]
    assert names.count("trial 0") == names.count("trial 1") == 1
    assert by_name(w.runs())["trial 0"]["id"] == first
    run = registry.show_run(by_name(w.runs())["trial 1"]["id"])["run"]
    assert run["metrics"] == {"value": 0.75} and run["status"] == "finished"
    (read,) = run["inputs"]
    assert "train.csv@v1" in str(read)


def test_a_digest_beside_a_path_tells_which_content_was_read(watching, folder, registry):
    import hashlib
    import json

    w = watching()
    old, new = b"a\n1\n", b"a\n2\n"
    (folder / "data").mkdir()
    (folder / "data/current.csv").write_bytes(old)
    w.until(lambda: sum(n.endswith("current.csv") for n in w.names()) == 1)
    (folder / "data/current.csv").write_bytes(new)
    w.until(lambda: any(n.endswith("current.csv") and v == 2 for n, v in w.names().items()))
    run = folder / "runs/a"
    run.mkdir(parents=True)
    told = {"data": "data/current.csv", "data_sha256": hashlib.sha256(old).hexdigest()}
    (run / "run.json").write_text(json.dumps({"params": told, "metrics": {"r2": 0.5}}))
    (run / "model.bin").write_bytes(os.urandom(100))
    w.until(lambda: w.runs() and not w.session.runs.active)
    (one,) = [r for r in w.runs() if r["name"] == "a"]
    (read,) = registry.show_run(one["id"])["run"]["inputs"]
    assert "current.csv@v1" in str(read)
