"""Watching real folders: what settles is taken once, whatever else happens to the folder."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace

import pytest

from strongroom.catalog import watching as rows
from strongroom.domain.errors import Busy
from strongroom.domain.timestamps import now
from strongroom.services import watch_session
from strongroom.services.progress import Progress
from tests.services.watched import FAST, Watching, write_run


def test_a_written_file_becomes_one_version_and_a_changed_one_the_next(watching, folder):
    w = watching()
    w.idle()
    (folder / "a.bin").write_bytes(b"one")
    w.until(lambda: w.names() == {"out/a.bin": 1})
    w.idle()
    assert w.names() == {"out/a.bin": 1}
    (folder / "a.bin").write_bytes(b"two!")
    w.until(lambda: w.names() == {"out/a.bin": 2})


def test_a_file_that_is_still_open_waits(watching, folder):
    w = watching()
    with open(folder / "a.bin", "wb") as out:
        out.write(b"half")
        out.flush()
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            w.session.step()
            time.sleep(0.05)
        assert w.names() == {}
        out.write(b" and half")
    w.until(lambda: w.names() == {"out/a.bin": 1})
    assert w.registry.show("out/a.bin")["size"] == len(b"half and half")


def test_a_file_renamed_from_a_temporary_name_is_taken_at_once(registry, folder):
    w = Watching(registry, folder, replace(FAST, quiet_time=30.0))
    w.session.step()
    (folder / "m.bin.tmp").write_bytes(b"whole")
    for _ in range(10):
        w.session.step()
        time.sleep(0.02)
    os.replace(folder / "m.bin.tmp", folder / "m.bin")
    w.until(lambda: w.names() == {"out/m.bin": 1}, seconds=10)
    w.close()


def test_what_happened_while_nobody_watched_is_found_at_the_start(watching, folder):
    w = watching()
    (folder / "a.bin").write_bytes(b"one")
    w.idle()
    w.close()
    (folder / "b.bin").write_bytes(b"two")
    (folder / "a.bin").write_bytes(b"changed")
    again = watching()
    again.until(lambda: again.names() == {"out/a.bin": 2, "out/b.bin": 1})


def test_a_restart_takes_nothing_twice(watching, folder):
    w = watching()
    for number in range(5):
        (folder / f"{number}.bin").write_bytes(b"same")
    w.idle()
    w.close()
    again = watching()
    again.idle()
    assert not [e for e in again.events if e.name == "version.created"]
    assert all(n == 1 for n in again.names().values())


def test_a_folder_that_disappears_and_comes_back(watching, folder):
    w = watching()
    (folder / "a.bin").write_bytes(b"one")
    w.idle()
    shutil.rmtree(folder)
    w.session.step()
    assert w.session.state == "missing"
    folder.mkdir()
    (folder / "b.bin").write_bytes(b"two")
    w.until(lambda: w.names() == {"out/a.bin": 1, "out/b.bin": 1})
    assert w.session.state == "live"


def test_without_events_the_rescan_finds_everything(watching, folder):
    w = watching(polling=True)
    w.idle()
    (folder / "deep").mkdir()
    (folder / "deep" / "a.bin").write_bytes(b"one")
    w.until(lambda: w.names() == {"out/deep/a.bin": 1})
    assert w.session.state == "polling"


def test_ignored_and_special_files_are_reported_and_not_waited_for(watching, folder, tmp_path):
    (folder / ".strongroomignore").write_text("*.log\n")
    (folder / "a.log").touch()
    (folder / "a.csv").write_text("x\n1\n")
    os.mkfifo(folder / "pipe")
    (tmp_path / "outside.bin").write_bytes(b"o")
    os.symlink(tmp_path / "outside.bin", folder / "leak.bin")
    os.symlink("a.csv", folder / "alias.csv")
    os.symlink("loop", folder / "loop")
    w = watching()
    w.idle()
    assert w.names() == {"out/a.csv": 1, "out/alias.csv": 1}
    assert set(w.ignored()) == {"a.log", "pipe", "leak.bin", "loop"}
    assert "out of the folder" in w.ignored()["leak.bin"]


def test_two_owners_of_one_folder(watching, folder, registry):
    watching()
    registry.desk.owner = "another-host:1:1"
    with pytest.raises(Busy):
        Watching(registry, folder)


def test_a_dead_owner_is_no_owner(watching, folder, registry):
    w = watching()
    key = f"watch:{w.watch.id}"
    w.close()
    import socket

    with registry.desk.engine.writing() as tx:
        tx.execute(
            "insert into leases values (?,?,?)", (key, f"{socket.gethostname()}:999999999:1", 2**62)
        )
    watching().idle()


def test_a_run_groups_what_it_made_and_a_second_one_makes_v2(watching, folder):
    w = watching()
    write_run(folder / "runs" / "a", [0.9, 0.5], {"lr": 0.1})
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    (run,) = w.runs()
    assert run["params"] == {"lr": 0.1} and run["metrics"]["loss"] == 0.5
    assert len(run["outputs"]) == 3
    first = w.names()
    assert set(first.values()) == {1}
    write_run(folder / "runs" / "b", [0.8, 0.4, 0.3], {"lr": 0.2})
    w.until(lambda: len(w.runs()) == 2 and all(r["status"] == "finished" for r in w.runs()))
    assert w.names() == dict.fromkeys(first, 2)


def test_a_live_curve_is_shown_while_it_grows_and_kept_once(watching, folder):
    w = watching()
    w.idle()
    run_folder = folder / "runs" / "a"
    write_run(run_folder, [0.9], {"lr": 0.1}, finish=False)
    w.until(lambda: w.runs() and w.runs()[0]["metrics"].get("loss") == 0.9)
    with open(run_folder / "metrics.csv", "a") as out:
        out.write("2,0.7\n")
        out.flush()
        w.until(lambda: w.runs()[0]["metrics"].get("loss") == 0.7)
        assert w.runs()[0]["status"] == "running"
        assert not any("metrics" in n for n in w.names())
    w.until(lambda: w.runs()[0]["status"] == "finished")
    kept = [n for n in w.names() if "metrics" in n]
    assert len(kept) == 1 and w.names()[kept[0]] == 1


def test_run_finish_ends_the_waiting(registry, folder):
    w = Watching(registry, folder, replace(FAST, idle_end=3600))
    write_run(folder / "runs" / "a", [0.9], {"lr": 0.1})
    w.until(lambda: bool(w.runs()))
    w.idle()
    assert w.runs()[0]["status"] == "running"
    registry.finish_run(w.runs()[0]["id"])
    w.until(lambda: any("metrics" in n for n in w.names()))
    w.until(lambda: not w.session.runs.active)
    assert w.runs()[0]["status"] == "finished" and len(w.runs()[0]["outputs"]) == 3
    w.close()


def test_training_again_in_the_same_folder_is_another_run(watching, folder):
    w = watching()
    write_run(folder / "runs" / "a", [0.9], {"lr": 0.1})
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    shutil.rmtree(folder / "runs")
    w.session.step()
    write_run(folder / "runs" / "a", [0.8, 0.2], {"lr": 0.3})
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"] * 2)
    assert sorted(r["params"]["lr"] for r in w.runs()) == [0.1, 0.3]
    assert set(w.names().values()) == {2}


def test_a_resumed_run_is_the_same_run(watching, folder):
    w = watching()
    write_run(folder / "runs" / "a", [0.9], {"lr": 0.1})
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    time.sleep(0.3)
    with open(folder / "runs" / "a" / "metrics.csv", "a") as out:
        out.write("2,0.1\n")
    w.until(lambda: w.runs()[0]["metrics"]["loss"] == 0.1 and w.runs()[0]["status"] == "finished")
    assert len(w.runs()) == 1


def test_modes_each_and_whole(registry, folder):
    write_run(folder / "runs" / "a", [0.9], {"lr": 0.1})
    w = Watching(registry, folder, mode="each")
    w.idle()
    assert w.names() == {
        "out/runs/a/config.json": 1,
        "out/runs/a/metrics.csv": 1,
        "out/runs/a/model.bin": 1,
    }
    w.close()
    whole = Watching(registry, folder, mode="whole")
    (folder / "more.bin").write_bytes(b"x")
    whole.idle()
    assert registry.show("out")["files"] == 4
    whole.close()


def test_a_nearly_full_disk_stops_the_taking_and_goes_on_when_there_is_room(registry, folder):
    w = Watching(registry, folder, replace(FAST, reserve=1 << 60))
    (folder / "a.bin").write_bytes(b"one")
    w.until(lambda: w.session.state == "full")
    assert w.names() == {}
    assert any(
        e.name == "watch.state" and e.data["state"] == "full" and "reserve" in e.data["detail"]
        for e in w.events
    )
    w.session.timing = FAST
    w.session._full_until = 0.0
    w.until(lambda: w.names() == {"out/a.bin": 1})
    w.close()


def test_many_files_are_committed_in_batches(watching, folder):
    for number in range(600):
        (folder / f"{number}.bin").write_bytes(str(number).encode())
    w = watching()
    w.idle()
    assert len(w.names()) == 600
    assert len(rows.seen_in(w.registry.desk.engine, w.watch.id)) == 600


def test_checkpoints_by_the_best_and_last_rule(watching, folder):
    """Ten checkpoints of which the trainer calls step 4 the best; only that and the last stay."""
    run = folder / "runs" / "bert"
    for step in range(1, 11):
        checkpoint = run / f"checkpoint-{step}"
        checkpoint.mkdir(parents=True)
        (checkpoint / "model.safetensors").write_bytes(_safetensors(step))
        (checkpoint / "trainer_state.json").write_text(_state(run, step))
        os.utime(checkpoint / "model.safetensors", (1_700_000_000 + step,) * 2)
        os.utime(checkpoint / "trainer_state.json", (1_700_000_000 + step,) * 2)
    (run / "config.json").write_text('{"model_type": "bert"}')
    (run / "model.safetensors").write_bytes(_safetensors(99))
    (run / "trainer_state.json").write_text(_state(run, 10))
    w = watching(keep="best-last")
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"])
    assert w.names()["out/runs/checkpoint"] == 2
    left = [p for p, why in w.ignored().items() if "best and the last" in why]
    assert {p.split("/")[2] for p in left} == {f"checkpoint-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)}


def _state(run, step):
    return json.dumps(
        {
            "best_model_checkpoint": str(run / "checkpoint-4"),
            "global_step": step,
            "log_history": [{"step": n, "loss": 1 / n} for n in range(1, step + 1)],
        }
    )


def _safetensors(value):
    head = b'{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}'
    return len(head).to_bytes(8, "little") + head + value.to_bytes(8, "little")


def test_versions_follow_the_order_of_writing_not_of_names(watching, folder):
    """Two trainings that were there before anybody watched: the later one is the newer version."""
    for name, at in (("z", 1_700_000_000), ("a", 1_700_000_100)):
        write_run(folder / "runs" / name, [0.5], {"run": name})
        for file in (folder / "runs" / name).iterdir():
            os.utime(file, (at, at))
    w = watching()
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"] * 2)
    newest = w.registry.show("out/runs/config.json")
    assert newest["tag"] == "v2" and newest["params"] == {"run": "a"}


def test_the_lease_lasts_as_long_as_a_large_file_takes(watching, folder, monkeypatch):
    """Reading that is slower than a lease lasts: nobody else gets the folder meanwhile."""
    monkeypatch.setattr(watch_session, "LEASE", 1_500_000)
    monkeypatch.setattr(watch_session, "RENEW_EVERY", 0.2)
    w, others = watching(), []
    (folder / "large.bin").write_bytes(os.urandom(8 << 20))

    def slow(read):
        time.sleep(0.4)
        engine, key = w.registry.desk.engine, watch_session.lease_key(w.watch)
        others.append(rows.take_lease(engine, key, "other:1:", now(), now() + 1, lambda _: False))

    monkeypatch.setattr(Progress, "tick", _telling(Progress.tick, slow))
    w.until(lambda: w.names() == {"out/large.bin": 1}, seconds=60)
    assert len(others) >= 6 and all(holder == w.registry.desk.owner for holder in others)


def _telling(tick, slow):
    def told(progress, count=0):
        tick(progress, count)
        if count == 1 << 20:
            slow(count)

    return told


def test_one_progress_serves_any_number_of_takings(watching, folder):
    """As the command line has it: what is hung into it for one taking must not stay there."""
    w = watching()
    progress = Progress()
    report = progress.report
    for number in range(3):
        (folder / f"{number}.bin").write_bytes(b"x%d" % number)
        w.until(lambda: len(w.names()) == number + 1, progress=progress)  # noqa: B023
    assert progress.report is report


def test_a_run_folder_whose_name_is_no_text_is_one_run_that_ends_and_is_found_again(
    watching, folder
):
    odd = folder / os.fsdecode(b"runs/r\xff")
    w = watching()
    write_run(odd, [0.5, 0.4], {"lr": 0.1})
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"], 30.0)
    (run,) = w.runs()
    assert run["name"] == r"r\xff" and run["params"]["lr"] == 0.1 and run["outputs"]
    w.close()
    again = Watching(w.registry, folder)
    again.idle()
    assert [r["id"] for r in again.runs()] == [run["id"]]
    again.close()
