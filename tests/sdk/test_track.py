"""`strongroom.track()`: what it promises to a training, checked from outside of the process."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time

import pytest

from strongroom.domain.secrets import MASK
from tests.conftest import add

TRAINING = """
    import strongroom

    with strongroom.track("fraud-train", params={"lr": 0.01, "api_key": "abc"}) as run:
        data = run.use("transactions@v1")
        assert data.read_text() == "a,b\\n1,2\\n", data
        for step in range(5):
            loss = float("nan") if step == 2 else 1 / (step + 1)
            run.log({"auc": round(0.9 + step / 100, 2), "loss": loss}, step=step)
        open("model.bin", "wb").write(b"weights")
        version = run.add("model.bin", name="fraud-detector", kind="model", metrics={"auc": 0.94})
    print(version.tag, version.content_digest, version.ref, run.id)
"""


@pytest.fixture
def data(registry, make_file):
    return add(registry, make_file("data.csv", b"a,b\n1,2\n"), name="transactions")


def only_run(registry):
    (run,) = registry.list_runs()["runs"]
    return registry.show_run(run["id"], series=True)["run"]


def test_a_training_from_its_data_to_its_model(registry, data, script):
    tag, digest, ref, ident = script.run(TRAINING).split()
    assert (tag, ref) == ("v1", "fraud-detector@v1")
    version = registry.show("fraud-detector")
    assert version["content_digest"] == digest and version["run"] == ident
    run = only_run(registry)
    assert run["id"] == ident and run["status"] == "finished"
    assert run["inputs"] == ["transactions@v1"] and run["outputs"] == ["fraud-detector@v1"]
    assert run["params"] == {"lr": 0.01, "api_key": MASK}
    assert run["metrics"]["auc"] == 0.94
    losses = run["series"]["loss"]
    assert losses["steps"] == [0, 1, 2, 3, 4] and math.isnan(losses["values"][2])
    assert all(t > 1e9 for t in losses["times"])
    graph = registry.lineage("fraud-detector@v1")
    assert {(e["from"], e["to"], e["basis"]) for e in graph["edges"]} == {
        ("transactions@v1", f"run:{ident}", "observed"),
        (f"run:{ident}", "fraud-detector@v1", "observed"),
    }


def test_provenance_is_seen_and_uncommitted_changes_are_kept(registry, data, script):
    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=script.folder, check=True, capture_output=True)

    git("init", "-q")
    git("config", "user.email", "a@b.c")
    git("config", "user.name", "a")
    (script.folder / "lib.py").write_text("x = 1\n")
    git("add", "lib.py")
    git("commit", "-qm", "first")
    (script.folder / "lib.py").write_text('x = 2\nPASSWORD = "hunter22"\n')
    script.run(TRAINING)
    run = only_run(registry)
    found = run["provenance"]
    assert len(found["git"]["commit"]) == 40 and found["git"]["dirty"] is True
    assert found["git"]["branch"] in ("master", "main")
    assert found["python"] and found["hardware"]["cpus"] and "numpy" in found["packages"]
    assert found["entry"]["path"].endswith("train.py") and found["user"]
    assert "fraud-train/uncommitted.diff@v1" in run["inputs"]
    diff = b"".join(registry.cat("fraud-train/uncommitted.diff", "uncommitted.diff")).decode()
    assert "+x = 2" in diff and "hunter22" not in diff and MASK in diff


def test_an_exception_makes_the_run_failed_and_keeps_what_was_added(registry, script):
    script.run(
        """
        import strongroom
        with strongroom.track("bad") as run:
            open("part.txt", "w").write("kept")
            run.add("part.txt")
            run.log({"loss": 1.0}, step=1)
            raise RuntimeError("out of luck")
        """,
        code=1,
    )
    run = only_run(registry)
    assert run["status"] == "failed" and run["provenance"]["error"] == "RuntimeError"
    assert run["outputs"] == ["part.txt@v1"] and run["metrics"] == {"loss": 1.0}
    assert "out of luck" not in json.dumps(run)


def test_without_with_the_end_of_the_interpreter_ends_the_run(registry, script):
    script.run("import strongroom\nrun = strongroom.track('plain')\nrun.log({'a': 1})\n")
    assert only_run(registry)["status"] == "finished"
    script.run("import strongroom\nrun = strongroom.track('plain2')\n1 / 0\n", code=1)
    runs = {r["name"]: r for r in registry.list_runs()["runs"]}
    assert runs["plain2"]["status"] == "failed"
    assert runs["plain2"]["provenance"]["error"] == "ZeroDivisionError"


def test_a_killed_training_is_noticed_and_what_it_added_is_whole(registry, script):
    process = script.start(
        """
        import strongroom, time, os
        with strongroom.track("killed") as run:
            for step in range(100000):
                run.log({"loss": 1 / (step + 1)}, step=step)
                if step == 50:
                    open("ckpt.bin", "wb").write(os.urandom(300000))
                    run.add("ckpt.bin", name="checkpoint", kind="model")
                    print("added", flush=True)
                time.sleep(0.01)
        """
    )
    assert process.stdout.readline() == "added\n"
    time.sleep(1.6)  # what was logged is handed over once a second
    process.send_signal(signal.SIGKILL)
    process.wait()
    from strongroom.services import tracking

    assert only_run(registry)["status"] == "running"
    (lost,) = tracking.look_for_lost(registry.desk)
    run = only_run(registry)
    assert run["id"] == lost and run["status"] == "lost" and run["ended_at"]
    assert run["series"]["loss"]["points"] >= 50
    assert registry.verify(["checkpoint@v1"])["damaged"] == []
    assert tracking.look_for_lost(registry.desk) == []


def test_other_processes_join_the_run(registry, script):
    out = script.run(
        """
        import os, subprocess, sys, strongroom
        if len(sys.argv) > 1:
            with strongroom.track("joined") as run:
                run.log({f"rank{sys.argv[1]}": 1.0}, step=int(sys.argv[1]))
                print(run.id)
        else:
            with strongroom.track("first") as run:
                print(run.id, flush=True)
                for rank in "12":
                    subprocess.run([sys.executable, __file__, rank], check=True)
                pid = os.fork()
                if not pid:
                    run.log({"forked": 2.0}, step=1)
                    sys.exit(0)
                os.waitpid(pid, 0)
                run.log({"own": 3.0}, step=1)
        """
    )
    assert len(set(out.split())) == 1 and len(out.split()) == 3
    run = only_run(registry)
    assert run["metrics"] == {"rank1": 1.0, "rank2": 1.0, "forked": 2.0, "own": 3.0}
    assert run["status"] == "finished" and run["name"] == "first"


def test_ranks_of_one_job_find_each_other(registry, script):
    text = """
        import os, strongroom, time
        with strongroom.track("job") as run:
            run.log({"rank" + os.environ["RANK"]: 1}, step=0)
            print(run.id, flush=True)
            time.sleep(float(os.environ.get("STAY", "0")))
    """
    job = {"MASTER_ADDR": "localhost", "MASTER_PORT": "29501"}
    second = script.start(text, RANK="1", **job)
    first = script.start(text, RANK="0", STAY="3", **job)
    ids = {p.communicate(timeout=60)[0].strip() for p in (second, first)}
    assert len(ids) == 1
    assert set(only_run(registry)["metrics"]) == {"rank0", "rank1"}


def test_out_of_reach_everything_is_queued_and_comes_in_once(registry, script, place):
    registry.close()
    away = place.with_name("away")
    os.rename(place, away)
    out = script.run(
        """
        import strongroom, warnings
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with strongroom.track("offline", params={"lr": 1}) as run:
                open("m.bin", "wb").write(b"abc")
                version = run.add("m.bin", name="model", kind="model")
                open("m.bin", "wb").write(b"changed since")
                run.log({"auc": 0.5}, step=1)
        print(version.tag, version.pending, version.content_digest, len(said))
        """
    )
    tag, pending, digest, said = out.split()
    assert (tag, pending) == ("None", "True") and int(said) >= 1
    os.rename(away, place)
    out = script.run(
        """
        import strongroom
        with strongroom.track("online") as run:
            pass
        """
    )
    from strongroom.bootstrap import open_registry
    from strongroom.settings import Settings

    again = open_registry(place, Settings(), "cli")
    try:
        version = again.show("model")
        assert version["tag"] == "v1" and version["content_digest"] == digest
        runs = {r["name"]: r for r in again.list_runs()["runs"]}
        assert runs["offline"]["status"] == "finished"
        assert runs["offline"]["outputs"] == ["model@v1"]
        assert runs["offline"]["metrics"] == {"auc": 0.5} and runs["offline"]["params"]["lr"] == 1
    finally:
        again.close()
    assert not list((script.folder / "queue").iterdir())


def test_strict_raises_where_the_registry_is_out_of_reach(script):
    script.run(
        """
        import strongroom
        try:
            strongroom.track("strict", strict=True)
        except strongroom.StrongroomError as error:
            print(error)
        """
    )


def test_what_is_used_is_verified_even_in_the_cache(registry, data, script):
    spoil = """
        import os, strongroom
        with strongroom.track("use") as run:
            path = run.use("transactions")
            assert path.read_text() == "a,b\\n1,2\\n"
            os.chmod(path, 0o600)
            path.write_text("spoilt")
            assert run.use("transactions@v1").read_text() == "a,b\\n1,2\\n"
            try:
                run.use("nothing@v1")
            except strongroom.StrongroomError as error:
                print("refused", error)
    """
    assert "refused" in script.run(spoil)
    script.run(spoil)


def test_a_script_opens_a_registry_and_reads_it(registry, data, script):
    out = script.run(
        """
        import strongroom
        with strongroom.open() as reg:
            reg.get("transactions@v1", "copy/")
            reg.note("transactions@v1", "seen")
            print([v["tag"] for v in reg.versions("transactions")], reg.list()[0]["name"])
            print(open("copy/data.csv").read())
        try:
            strongroom.open("https://host/registry", token="x")
        except strongroom.StrongroomError as error:
            print(error)
        """
    )
    assert "['v1'] transactions" in out and "1,2" in out and "server" in out


def test_the_sdk_imports_no_framework_and_loads_fast(script):
    out = script.run(
        """
        import sys, strongroom
        before = set(sys.modules)
        heavy = {"torch", "numpy", "PySide6", "sqlite_utils", "watchdog", "boto3", "pydantic"}
        assert not heavy & before, heavy & before
        strongroom.track
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        print("ok")
        """
    )
    assert out == "ok\n"
