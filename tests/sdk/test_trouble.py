"""What a training must never notice: a registry that is busy, away, full, or not for writing."""

from __future__ import annotations

import os
import sqlite3

import pytest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.services import tracking
from strongroom.settings import Settings
from tests.conftest import add


def by_name(registry):
    return {r["name"]: r for r in registry.list_runs()["runs"]}


def deliver(script):
    script.run("import strongroom\nwith strongroom.track('later'): pass\n")


FAILING_ADD = """
    import strongroom, strongroom.sdk.run as sdk
    from strongroom.domain.errors import Unreachable
    real = sdk.added
    def away(*a):
        raise Unreachable("away", "x", "wait")
    with strongroom.track("t", params={"lr": 1}) as run:
        open("m.bin", "wb").write(b"abc")
        sdk.added = away
        assert run.add("m.bin", name="model").pending
        sdk.added = real
        run.log({"a": 1}, step=0)
"""


def test_a_run_that_queued_something_on_its_way_ends_all_the_same(registry, script):
    script.run(FAILING_ADD)
    run = by_name(registry)["t"]
    assert run["status"] == "finished" and run["outputs"] == ["model@v1"]
    assert run["metrics"] == {"a": 1} and not list((script.folder / "queue").iterdir())


def test_a_run_that_cannot_begin_or_end_is_queued(registry, script):
    script.run(
        """
        import strongroom
        from strongroom.domain.errors import Busy
        from strongroom.services import tracking
        def busy(*a):
            raise Busy("busy", "x", "wait")
        real, tracking.begin = tracking.begin, busy
        with strongroom.track("no beginning", params={"lr": 1}) as run:
            run.log({"a": 1}, step=0)
        tracking.begin = real
        run = strongroom.track("no end")
        run.log({"a": 1}, step=0)
        tracking.end = busy
        run.finish()
        """
    )
    assert tracking.look_for_lost(registry.desk)  # somebody looks before the queue comes in
    deliver(script)
    runs = by_name(registry)
    assert runs["no end"]["status"] == runs["no beginning"]["status"] == "finished"
    assert runs["no end"]["metrics"] == runs["no beginning"]["metrics"] == {"a": 1}
    assert runs["no beginning"]["params"] == {"lr": 1}
    assert runs["no beginning"]["ended_at"] < runs["later"]["started_at"]


def set_schema(place, change):
    catalog = sqlite3.connect(place / "catalog.db")
    (version,) = catalog.execute("pragma user_version").fetchone()
    catalog.execute(f"pragma user_version = {version + change}")
    catalog.close()


def test_a_registry_of_a_newer_version_stops_no_training(registry, script, place, make_file):
    add(registry, make_file("d.csv", b"a\n1\n"), name="data")
    registry.close()
    set_schema(place, 1)
    script.run(
        """
        import strongroom
        with strongroom.track("t") as run:
            assert run.use("data").read_text() == "a\\n1\\n"
            run.log({"a": 1})
            open("m.bin", "wb").write(b"abc")
            assert run.add("m.bin", name="model").pending
        """
    )
    set_schema(place, -1)
    deliver(script)
    again = open_registry(place, Settings(), "cli")
    run = by_name(again)["t"]
    again.close()
    assert run["status"] == "finished" and run["outputs"] == ["model@v1"]


def test_with_no_room_at_all_the_training_goes_on(registry, script):
    (script.folder / "full").write_text("a file where the queue's folder would be")
    script.run(
        """
        import strongroom, strongroom.sdk.run as sdk
        with strongroom.track("t", registry="nowhere") as run:
            for step in range(5000):
                run.log({"a": 1}, step=step)
            run.log_params({"b": 2})
            open("m.bin", "wb").write(b"abc")
            version = run.add("m.bin", name="model")
            assert not version.created and not version.pending
        """,
        STRONGROOM_QUEUE=str(script.folder / "full"),
        PYTHONWARNINGS="error",
    )


def test_params_and_steps_of_any_kind(registry, script):
    script.run(
        """
        import numpy as np, pathlib, strongroom
        class Odd:
            def __str__(self):
                raise RuntimeError
        loop = []
        loop.append(loop)
        odd = {"path": pathlib.Path("/x"), "lr": np.float32(0.5), "n": np.int64(3), "o": Odd(),
               "a": np.zeros(3), "loop": loop, 1: {(1, 2): {3}}, "big": 10**5000, "b": np.bool_(1),
               "bytes": b"x", "nan": float("nan")}
        with strongroom.track("t", params=odd) as run:
            run.log_params({"later": odd})
            run.log({"loss": np.float64(1), "n": np.int64(2), "big": 10**5000, "no": "word"},
                    step=np.int64(4), time=np.float64(5.0))
            run.log({"loss": 2.0}, step=object(), time="now")
            open("m.bin", "wb").write(b"abc")
            run.add("m.bin", name="model", params=odd, metrics={"auc": np.float32(0.5)})
        """
    )
    run = by_name(registry)["t"]
    assert run["status"] == "finished" and run["params"]["lr"] == 0.5 and run["params"]["n"] == 3
    assert run["params"]["path"] == "/x" and run["params"]["b"] == 1
    shown = registry.show_run(run["id"], series=True)["run"]
    assert shown["series"]["n"]["steps"] == [4] and shown["metrics"]["big"] == "inf"
    assert registry.show("model")["metrics"] == {"auc": 0.5}


def test_what_waits_comes_into_its_own_registry_and_no_other(registry, script, place, tmp_path):
    registry.close()
    other = create_registry(tmp_path / "other", Settings(), "cli")
    os.rename(place, place.with_name("away"))
    script.run("import strongroom\nwith strongroom.track('mine'): pass\n")
    script.run(
        "import strongroom\nwith strongroom.track('yours'): pass\n",
        STRONGROOM_REGISTRY=str(tmp_path / "other"),
    )
    assert set(by_name(other)) == {"yours"}
    other.close()
    os.rename(place.with_name("away"), place)
    deliver(script)
    again = open_registry(place, Settings(), "cli")
    assert by_name(again)["mine"]["status"] == "finished"
    again.close()


def test_what_was_brought_in_twice_is_there_once(registry, script, place):
    away = place.with_name("away")
    os.rename(place, away)
    script.run(
        """
        import strongroom
        with strongroom.track("offline", params={"lr": 1}) as run:
            open("m.bin", "wb").write(b"abc")
            run.add("m.bin", name="model", inputs=["typo@v1"])
            run.log({"a": 1.0}, step=0)
        """
    )
    os.rename(away, place)
    script.run(
        """
        import os, strongroom
        from strongroom.sdk.registry import open_local
        from strongroom.services import queued
        os.rename = lambda *a: os._exit(9)  # dies just before it is cleared away
        queued.deliver(open_local(None).desk)
        """,
        code=9,
    )
    entries = registry.last_change()
    deliver(script)
    assert not list((script.folder / "queue").iterdir())
    run = by_name(registry)["offline"]
    found = registry.show_run(run["id"], series=True)["run"]
    assert found["series"]["a"]["values"] == [1.0] and found["status"] == "finished"
    assert found["outputs"] == ["model@v1"]
    assert "typo@v1" in registry.show("model")["notes"][0]["text"]
    assert registry.last_change() <= entries + 5


def test_a_registry_that_comes_back_in_mid_run_gets_the_whole_run(registry, script, place):
    os.rename(place, place.with_name("away"))
    script.run(
        f"""
        import os, strongroom
        with strongroom.track("t", params={{"lr": 1}}) as run:
            os.rename({str(place.with_name("away"))!r}, {str(place)!r})
            open("m.bin", "wb").write(b"abc")
            run.add("m.bin", name="model")
        """
    )
    run = by_name(registry)["t"]
    assert run["status"] == "finished" and run["params"] == {"lr": 1}
    assert run["outputs"] == ["model@v1"] and run["provenance"]["python"]


def test_an_input_that_is_not_there_is_told_at_once(registry, script):
    script.run(
        """
        import strongroom
        with strongroom.track("t") as run:
            open("m.bin", "wb").write(b"abc")
            for wrong in (lambda: run.add("m.bin", name="m", inputs=["typo@v1"]),
                          lambda: run.add("nothing.bin")):
                try:
                    wrong()
                    raise SystemExit(3)
                except strongroom.StrongroomError as error:
                    assert "typo" in str(error) or "nothing.bin" in str(error)
        """
    )
    assert by_name(registry)["t"]["status"] == "finished"


@pytest.mark.parametrize("away", [False, True])
def test_children_that_end_without_a_word_keep_what_they_logged(registry, script, place, away):
    if away:
        os.rename(place, place.with_name("away"))
    script.run(
        """
        import multiprocessing, strongroom
        def work(run, n):
            run.log({f"child{n}": n}, step=n)
            run.log_params({f"p{n}": n})
        if __name__ == "__main__":
            with strongroom.track("t") as run:
                context = multiprocessing.get_context("fork")
                children = [context.Process(target=work, args=(run, n)) for n in range(3)]
                for child in children: child.start()
                for child in children: child.join()
        """
    )
    if away:
        os.rename(place.with_name("away"), place)
        deliver(script)
        deliver(script)
    run = by_name(registry)["t"]
    assert run["metrics"] == {"child0": 0, "child1": 1, "child2": 2}
    assert run["params"] == {"p0": 0, "p1": 1, "p2": 2} and run["status"] == "finished"


def test_a_run_that_has_ended_is_forgotten_by_its_process(registry, script):
    script.run(
        """
        import gc, strongroom, weakref
        run = strongroom.track("t")
        run.log({"a": 1})
        run.finish()
        gone = weakref.ref(run)
        del run
        gc.collect()
        import time; time.sleep(1.5)
        assert gone() is None, gc.get_referrers(gone())
        """
    )


def test_ranks_do_not_join_an_earlier_job_at_the_same_address(registry, script):
    text = """
        import os, strongroom, time
        with strongroom.track("job") as run:
            print(run.id, flush=True)
            time.sleep(float(os.environ.get("STAY", "0")))
    """
    job = {"MASTER_ADDR": "localhost", "MASTER_PORT": "29501"}
    earlier = script.run(text, RANK="0", **job).strip()
    second = script.start(text, RANK="1", **job)
    import time

    time.sleep(2)
    first = script.start(text, RANK="0", STAY="3", **job)
    ids = {p.communicate(timeout=60)[0].strip() for p in (second, first)}
    assert len(ids) == 1 and earlier not in ids


def test_a_working_folder_that_is_gone(registry, script):
    script.run(
        """
        import os, shutil, tempfile
        here = tempfile.mkdtemp()
        os.chdir(here)
        shutil.rmtree(here)
        import strongroom
        with strongroom.track("t") as run:
            run.log({"a": 1})
        """
    )
    assert by_name(registry)["t"]["status"] == "finished"


def test_ranks_that_read_one_version_at_once_do_not_take_it_from_each_other(
    registry, script, make_file
):
    folder = make_file("data/a.csv", b"a\n1\n").parent
    make_file("data/b.csv", b"b\n2\n")
    add(registry, folder, name="data")
    slow = """
        import strongroom, time
        from strongroom.sdk import cache
        real = cache._is_whole
        def look(*a):
            found = real(*a)
            print("looked", flush=True)
            time.sleep(1.5)
            return found
        cache._is_whole = look
        with strongroom.track("slow") as run:
            assert (run.use("data") / "b.csv").read_text() == "b\\n2\\n"
    """
    first = script.start(slow)
    assert first.stdout.readline() == "looked\n"
    script.run(
        """
        import os, strongroom, time
        with strongroom.track("quick") as run:
            path = run.use("data")
            inode = os.stat(path / "a.csv").st_ino
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                assert os.stat(path / "a.csv").st_ino == inode
        """
    )
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
