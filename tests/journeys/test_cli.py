"""The command line as a shell user and a CI job see it: names, JSON keys, exit codes, errors."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import time

import pytest

from tests.journeys.commands import COMMAND, answer, environment, start, strongroom

VERSION_KEYS = {
    "name",
    "tag",
    "kind",
    "content_digest",
    "record_digest",
    "size",
    "files",
    "created_at",
    "by",
    "run",
    "params",
    "metrics",
    "inputs",
    "provenance",
    "labels",
    "notes",
    "stages",
    "aliases",
    "holds",
    "tier",
    "warnings",
    "scan",
}


def error_of(done):
    document = json.loads(done.stdout)["error"]
    assert set(document) >= {"code", "message", "hint", "object"}
    assert done.stderr.startswith("strongroom: ") and done.stderr.count("\n") == 1
    return document


def test_init_answers_and_refuses_a_second_time(tmp_path):
    first = answer("init", tmp_path / "r")
    assert first == {"registry": str(tmp_path / "r"), "store": "folder", "catalog": "sqlite"}
    done = strongroom("init", tmp_path / "r", "--json", code=5)
    assert error_of(done)["code"] == "conflict"


def test_add_show_get_and_cat(place, folder, tmp_path):
    added = answer(
        "add",
        folder,
        "--name",
        "set",
        "--kind",
        "dataset",
        "--param",
        "lr=0.1",
        "--param",
        "opt=adam",
        "--metric",
        "auc=0.93",
        "--metric",
        "loss=nan",
        "--meta",
        "who=me",
        "--note",
        "first one",
        "--run",
        "run-1",
        registry=place,
    )
    (version,) = added["versions"]
    assert version.keys() >= VERSION_KEYS and version["created"] is True
    assert (version["name"], version["tag"], version["kind"], version["files"]) == (
        "set",
        "v1",
        "dataset",
        2,
    )
    assert version["params"] == {"lr": 0.1, "opt": "adam"}
    assert version["metrics"] == {"auc": 0.93, "loss": "nan"}
    shown = answer("show", "set@v1", registry=place)
    assert [f["path"] for f in shown["manifest"]["files"]] == ["a.bin", "sub/b.bin"]
    assert shown["manifest"]["files"][0]["sha256"] == hashlib.sha256(b"alpha").hexdigest()
    assert shown["notes"][0]["text"] == "first one"
    got = answer("get", "set@v1", tmp_path / "out", registry=place)
    assert got == {
        "path": str(tmp_path / "out"),
        "files": 2,
        "size": 100_005,
        "verified": True,
        "ref": "set@v1",
    }
    assert (tmp_path / "out/sub/b.bin").read_bytes() == (folder / "sub/b.bin").read_bytes()
    raw = subprocess.run(
        [*COMMAND, "cat", "set", "sub/b.bin"],
        env=environment(place),
        capture_output=True,
        check=True,
    ).stdout
    assert raw == (folder / "sub/b.bin").read_bytes()
    run = answer("run", "show", "run-1", registry=place)["run"]
    assert run["outputs"] == ["set@v1"] and run["status"] == "running"
    assert run["params"] == {"lr": 0.1, "opt": "adam"}
    assert answer("run", "finish", "run-1", registry=place)["run"]["status"] == "finished"
    strongroom("run", "finish", "run-1", registry=place, code=5)


def test_same_content_is_not_a_new_version_unless_asked(place, folder):
    first = answer("add", folder, registry=place)["versions"][0]
    again = answer("add", folder, registry=place)["versions"][0]
    assert (again["created"], again["tag"]) == (False, "v1")
    forced = answer("add", folder, "--new-version", registry=place)["versions"][0]
    assert (forced["created"], forced["tag"]) == (True, "v2")
    assert forced["content_digest"] == first["content_digest"]
    other = answer("add", folder, "--name", "other", registry=place)["versions"][0]
    assert (other["created"], other["tag"]) == (True, "v1")


def test_names_follow_the_rules(place, folder, tmp_path):
    assert answer("add", folder / "a.bin", registry=place)["versions"][0]["name"] == "a.bin"
    assert answer("add", folder, registry=place)["versions"][0]["name"] == "work"
    each = answer("add", folder, "--each", registry=place)["versions"]
    assert [v["name"] for v in each] == ["a.bin", "sub/b.bin"]
    odd = os.path.join(os.fsencode(folder), b"caf\xe9@100%.csv")
    with open(odd, "wb") as out:
        out.write(b"x,y\n1,2\n")
    (version,) = answer("add", odd, registry=place)["versions"]
    assert version["name"] == "caf%E9%40100%25.csv"
    assert answer("show", version["name"], registry=place)["manifest"]["files"][0]["path_hex"] == (
        b"caf\xe9@100%.csv".hex()
    )
    for bad in ("a@b", "a%20b", "../x", ""):
        strongroom("add", folder, "--name", bad, registry=place, code=2)


def test_dry_run_stores_nothing(place, folder):
    planned = answer("add", folder, "--dry-run", registry=place)["versions"][0]
    assert planned["created"] is True and planned["tag"] is None
    assert answer("list", registry=place)["artifacts"] == []
    assert not any((place / "objects").iterdir())
    real = answer("add", folder, registry=place)["versions"][0]
    assert real["content_digest"] == planned["content_digest"]


def test_list_and_versions_page_by_cursor(place, folder):
    for number in range(5):
        (folder / "a.bin").write_bytes(str(number).encode())
        strongroom("add", folder / "a.bin", "--metric", f"auc=0.{number}", registry=place)
        strongroom("add", folder / "a.bin", "--name", f"n{number}", registry=place)
    seen, cursor = [], None
    while True:
        page = answer(
            "list", "--limit", "2", *(["--cursor", cursor] if cursor else []), registry=place
        )
        seen += [a["name"] for a in page["artifacts"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["n4", "a.bin", "n3", "n2", "n1", "n0"]
    versions = answer("versions", "a.bin", registry=place)["versions"]
    assert [v["tag"] for v in versions] == ["v5", "v4", "v3", "v2", "v1"]
    good = answer("versions", "a.bin", "auc>=0.3", registry=place)["versions"]
    assert [v["tag"] for v in good] == ["v5", "v4"]
    assert [
        a["name"] for a in answer("list", "name:n*", "-name:n3", registry=place)["artifacts"]
    ] == ["n4", "n2", "n1", "n0"]


def test_labels_and_notes(place, folder):
    strongroom("add", folder / "a.bin", registry=place)
    assert answer("label", "a.bin@v1", "reviewed=yes", registry=place)["labels"] == {
        "reviewed": "yes"
    }
    noted = answer("note", "a.bin", "looks good", registry=place)
    assert [n["text"] for n in noted["notes"]] == ["looks good"]
    found = answer("list", "label:reviewed=yes", "good", registry=place)["artifacts"]
    assert [a["name"] for a in found] == ["a.bin"]


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["show", "nothing@v1"], 3, "not_found"),
        (["show", "a.bin@v9"], 3, "not_found"),
        (["show", "a.bin@v0"], 2, "bad_input"),
        (["get", "nothing", "x"], 3, "not_found"),
        (["add", "no/such/file"], 3, "not_found"),
        (["versions", "nothing"], 3, "not_found"),
        (["run", "show", "nothing"], 3, "not_found"),
        (["list", "size>big"], 2, "bad_filter"),
        (["cat", "a.bin", "other"], 3, "not_found"),
        (["add", "--kind", "poem", "x"], 2, "usage"),
        (["nonsense"], 2, "usage"),
        (["watch"], 2, "usage"),
        (["watch", "no/such"], 3, "not_found"),
    ],
)
def test_errors_are_one_line_and_one_document(place, folder, arguments, code, what):
    strongroom("add", folder / "a.bin", registry=place)
    done = strongroom(*arguments, "--json", registry=place, code=code)
    assert error_of(done)["code"] == what


def test_a_misspelt_name_gets_a_hint(place, folder):
    strongroom("add", folder / "a.bin", "--name", "fraud-detector", registry=place)
    done = strongroom("show", "fraud-detecter", registry=place, code=3)
    assert "fraud-detector" in done.stderr


def test_options_work_before_and_after_the_command(place, folder):
    strongroom("add", folder / "a.bin", registry=place)
    for arguments in (
        ["--json", "--registry", place, "list"],
        ["list", "--json", "--registry", place],
    ):
        done = strongroom(*arguments)
        assert json.loads(done.stdout)["artifacts"][0]["name"] == "a.bin"
    assert strongroom("-q", "list", registry=place).stdout == ""


def test_version_and_help_name_everything():
    assert strongroom("--version").stdout.startswith("strongroom ")
    listed = strongroom("--help").stdout
    for name in (
        "init",
        "add",
        "watch",
        "list",
        "versions",
        "show",
        "get",
        "cat",
        "verify",
        "run",
        "label",
        "note",
        "doctor",
        "gui",
        "worker",
    ):
        assert f"\n  {name} " in listed
        assert "Usage:" in strongroom(name, "--help").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(shell):
    assert "_STRONGROOM_COMPLETE" in strongroom("completion", shell).stdout


def test_get_refuses_what_exists_and_replaces_with_force(place, folder, tmp_path):
    strongroom("add", folder, registry=place)
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").touch()
    strongroom("get", "work", target, registry=place, code=5)
    assert (target / "mine").exists()
    done = strongroom("get", "work", target, "--force", registry=place, code=5)
    assert "something else: mine" in done.stderr and (target / "mine").exists()
    (target / "mine").rename(target / "a.bin")
    strongroom("get", "work", target, "--force", registry=place)
    assert (target / "a.bin").read_bytes() == b"alpha"
    strongroom("get", "work", tmp_path / "one", "--file", "sub/b.bin", "--link", registry=place)
    copy = tmp_path / "one/sub/b.bin"
    assert not stat.S_IMODE(copy.stat().st_mode) & 0o222


def test_a_flipped_byte_is_found_named_and_mended(place, folder, tmp_path):
    strongroom("add", folder, registry=place)
    (damaged,) = (place / "objects").rglob("??????????????*")
    damaged.chmod(0o644)
    data = bytearray(damaged.read_bytes())
    data[500] ^= 1
    damaged.write_bytes(data)
    target = tmp_path / "out"
    done = strongroom("get", "work@v1", target, "--json", registry=place, code=6)
    problem = error_of(done)
    assert problem["code"] == "damaged" and "sub/b.bin" in problem["object"]
    assert str(damaged) in problem["object"]
    assert not target.exists() and list(tmp_path.glob(".strongroom*")) == []
    report = json.loads(strongroom("verify", "work@v1", "--json", registry=place, code=6).stdout)
    assert report["damaged"][0]["versions"] == ["work@v1"]
    assert not answer("doctor", registry=place, code=6)["ok"]
    assert any("damaged" in w for w in answer("show", "work", registry=place)["warnings"])
    # Not where it was taken from any more, but below another folder.
    elsewhere = tmp_path / "backup" / "deep"
    elsewhere.mkdir(parents=True)
    os.rename(folder / "sub" / "b.bin", elsewhere / "renamed.bin")
    strongroom("verify", "--repair", registry=place, code=6)
    mended = answer("verify", "--all", "--repair", "--from", tmp_path / "backup", registry=place)
    assert len(mended["repaired"]) == 1
    strongroom("get", "work@v1", target, registry=place)
    assert (target / "sub/b.bin").read_bytes() == (elsewhere / "renamed.bin").read_bytes()
    assert answer("doctor", registry=place)["ok"]


def test_a_flipped_byte_on_a_shelf_is_found_and_mended_from_the_source(place, folder, tmp_path):
    (folder / "a.bin").write_bytes(b"unmistakable" * 40)
    strongroom("add", folder / "a.bin", registry=place)
    shelf = place / "shelves" / "000001.db"
    sqlite3.connect(shelf).execute("pragma wal_checkpoint(truncate)").close()
    data = bytearray(shelf.read_bytes())
    data[data.index(b"unmistakable") + 3] ^= 1
    shelf.write_bytes(data)
    done = strongroom("get", "a.bin", tmp_path / "out", registry=place, code=6)
    assert "000001.db" in done.stderr and not (tmp_path / "out").exists()
    assert len(answer("verify", "--repair", registry=place)["repaired"]) == 1
    strongroom("get", "a.bin", tmp_path / "out", registry=place)


def test_a_lost_catalog_is_said_and_made_again(place, folder):
    strongroom("add", folder, "--note", "kept", registry=place)
    strongroom("label", "work", "k=v", registry=place)
    before = [
        answer(*c, registry=place) for c in (["list"], ["versions", "work"], ["show", "work"])
    ]
    for file in place.glob("catalog.db*"):
        file.unlink()
    done = strongroom("list", registry=place, code=6)
    assert "doctor --rebuild" in done.stderr
    rebuilt = answer("doctor", "--rebuild", registry=place)
    assert rebuilt["ok"] and rebuilt["rebuilt"]["not_restored"]
    after = [answer(*c, registry=place) for c in (["list"], ["versions", "work"], ["show", "work"])]
    assert after == before


def test_rebuilding_waits_for_nobody_but_says_who_is_in_the_way(place, folder):
    watcher = start("watch", folder, "--json", registry=place)
    try:
        watcher.stdout.readline()
        strongroom("doctor", "--rebuild", registry=place, code=7)
    finally:
        watcher.terminate()
        watcher.communicate()


def test_several_processes_add_at_once(place, tmp_path):
    """Two windows, a watcher and a command line: nothing lost, no lock error."""
    sources = []
    for number in range(4):
        source = tmp_path / f"src{number}"
        source.mkdir()
        for file in range(40):
            (source / f"s{number}-{file}.bin").write_bytes(os.urandom(2000))
        (source / f"big{number}.bin").write_bytes(os.urandom(400_000))
        (source / "shared.bin").write_bytes(b"the same everywhere" * 5000)
        sources.append(source)
    processes = [start("add", s, "--each", "--json", registry=place) for s in sources]
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "w.bin").write_bytes(b"w" * 1000)
    processes.append(start("watch", "--once", watched, "--json", registry=place))
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    artifacts = answer("list", "--limit", "1000", registry=place)["artifacts"]
    assert len(artifacts) == 4 * 41 + 1 + 1
    assert {a["name"]: a["versions"] for a in artifacts}["shared.bin"] == 1
    assert answer("doctor", registry=place)["ok"]
    assert answer("verify", registry=place)["damaged"] == []


def test_watching_ends_politely_on_a_signal(place, folder):
    watcher = start("watch", folder, "--json", "--quiet-time", "0.2", registry=place)
    events = []
    while not any(e["event"] == "watch.idle" for e in events):
        events.append(json.loads(watcher.stdout.readline()))
    assert sorted(e["version"]["name"] for e in events if e["event"] == "version.created") == [
        "work/a.bin",
        "work/sub/b.bin",
    ]
    began = time.monotonic()
    watcher.send_signal(signal.SIGTERM)
    watcher.communicate(timeout=20)
    assert watcher.returncode == 0 and time.monotonic() - began < 10
    listed = answer("watch", "--list", registry=place)["watches"]
    assert listed[0]["path"] == str(folder) and listed[0]["state"] == "idle"
    strongroom("watch", "--remove", folder, registry=place)
    assert answer("watch", "--list", registry=place)["watches"] == []


def test_a_reader_that_goes_away_is_no_error_message(place, folder):
    strongroom("add", folder, registry=place)
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "cat", "work", "sub/b.bin"],
        env=environment(place),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said


def test_a_slash_after_dest_asks_for_a_folder(place, folder, tmp_path):
    strongroom("add", folder / "a.bin", registry=place)
    strongroom("get", "a.bin", tmp_path / "plain", registry=place)
    strongroom("get", "a.bin", f"{tmp_path}/inside/", registry=place)
    assert (tmp_path / "plain").read_bytes() == b"alpha"
    assert (tmp_path / "inside" / "a.bin").read_bytes() == b"alpha"
    strongroom("get", "a.bin", f"{tmp_path}/inside/", registry=place, code=5)
