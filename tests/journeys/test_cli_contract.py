"""The corners of the command line: where options stand, what is refused, where output goes."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.journeys.commands import COMMAND, answer, environment, strongroom


def shell(line: str, place) -> subprocess.CompletedProcess[str]:
    """Runs a shell line in which `$S` is the command."""
    script = f"S() {{ {COMMAND[0]} -c '{COMMAND[2]}' \"$@\"; }}; {line}"
    return subprocess.run(
        ["bash", "-c", script], env=environment(place), capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--store", "s3://bucket/prefix", "--endpoint", "http://localhost:9000"],
        ["--endpoint", "http://localhost:9000"],
        ["--catalog", "postgresql://localhost/registry"],
    ],
)
def test_init_refuses_what_is_not_built_yet(tmp_path, arguments):
    done = strongroom("init", tmp_path / "r", *arguments, "--json", code=2)
    assert json.loads(done.stdout)["error"]["object"] in arguments
    assert "No such option" not in done.stderr and not (tmp_path / "r").exists()


def test_a_url_is_no_folder(tmp_path):
    for arguments in (
        ["init", "https://server/registry"],
        ["--registry", "https://server/registry", "init"],
        ["--registry", "s3://bucket", "list"],
    ):
        assert "on a server" in strongroom(*arguments, code=2, cwd=tmp_path).stderr
    assert list(tmp_path.iterdir()) == []


def test_options_stand_before_and_after_a_group(place):
    for arguments in (["run", "--json", "list"], ["--json", "run", "list"]):
        assert json.loads(strongroom(*arguments, registry=place).stdout)["runs"] == []
    assert answer("run", registry=place, code=2)["error"]["code"] == "usage"


def test_without_a_command_the_help_is_shown_and_json_gets_an_error(place):
    assert "Usage:" in strongroom(registry=place).stdout
    done = strongroom("--json", registry=place, code=2)
    assert json.loads(done.stdout)["error"]["code"] == "usage"
    assert done.stderr.count("\n") == 1 and len(done.stderr) < 100


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_said_and_no_crash(place, folder):
    strongroom("add", folder / "a.bin", registry=place)
    for line in ("S list", "S list --json", "S cat a.bin a.bin", "S show a.bin"):
        done = shell(f"{line} > /dev/full", place)
        assert done.returncode == 9 and done.stderr.startswith("strongroom: the answer could not")
        assert done.stderr.count("\n") == 1
    assert shell("S cat a.bin a.bin >&-", place).returncode == 8


def test_a_reader_that_ends_early_is_no_finding(place, folder):
    (folder / "a.bin").write_bytes(os.urandom(2_000_000))
    strongroom("add", folder / "a.bin", registry=place)
    done = shell("S cat a.bin a.bin | head -c 10 > out; echo ${PIPESTATUS[0]}; rm out", place)
    assert done.stdout == "141\n" and done.stderr == ""


def test_names_that_the_terminal_cannot_show_are_escaped(place, folder):
    (folder / "grün.bin").write_bytes(b"x")
    strongroom("add", folder / "grün.bin", registry=place)
    done = shell("PYTHONIOENCODING=ascii S list; PYTHONIOENCODING=ascii S show ß@v1", place)
    assert "gr\\xfcn.bin" in done.stdout and "\\xdf" in done.stderr


def test_what_is_printed_holds_no_control_characters(place, folder):
    strongroom("add", folder / "a.bin", registry=place)
    for arguments in (["label", "a.bin", "k=\x1b[31m\nred"], ["show", "a.bin"]):
        assert "\x1b" not in strongroom(*arguments, registry=place).stdout


def test_minus_words_are_negated_terms_and_options_stay_options(place, folder):
    strongroom("add", "--each", folder, registry=place)
    assert [
        a["name"] for a in answer("list", "-sub", "--limit", "5", registry=place)["artifacts"]
    ] == ["a.bin"]
    assert [a["name"] for a in answer("list", "-(sub)", registry=place)["artifacts"]] == ["a.bin"]
    assert strongroom("list", "-q", registry=place).stdout == ""
    strongroom("list", "--limit", "-5", registry=place, code=2)
    assert "matches" in strongroom("list", "nowhere", registry=place).stdout


def test_where_repair_looks_must_be_there_and_needs_repair(place, tmp_path):
    strongroom("verify", "--from", tmp_path, registry=place, code=2)
    strongroom("verify", "--repair", "--from", tmp_path / "no", registry=place, code=3)


def test_verbose_says_which_registry_on_stderr_only(place):
    done = strongroom("-v", "list", "--json", registry=place)
    assert str(place) in done.stderr and json.loads(done.stdout) == {"artifacts": [], "next": None}


def test_verbose_watching_tells_its_log_on_stderr(place, folder):
    (folder / ".strongroomignore").write_text("*.bin\n")
    done = strongroom("-v", "watch", folder, "--once", "--json", registry=place)
    assert "strongroom.services.watch_session: left out" in done.stderr
    assert "watchdog" not in done.stderr


def test_lists_carry_labels_and_notes_of_each_version(place, folder):
    for number in range(3):
        (folder / "a.bin").write_bytes(str(number).encode())
        strongroom("add", folder / "a.bin", "--note", f"note {number}", registry=place)
    strongroom("label", "a.bin@v2", "k=v", registry=place)
    found = answer("versions", "a.bin", registry=place)["versions"]
    assert [v["labels"] for v in found] == [{}, {"k": "v"}, {}]
    assert [[n["text"] for n in v["notes"]] for v in found] == [["note 2"], ["note 1"], ["note 0"]]
    assert found[1] == {k: answer("show", "a.bin@v2", registry=place)[k] for k in found[1]}
    (latest,) = answer("list", registry=place)["artifacts"]
    assert latest["latest"] == found[0]
    added = answer("add", folder / "a.bin", registry=place)["versions"][0]
    assert added["notes"] == found[0]["notes"]


def test_what_was_declared_for_content_that_is_there_already_is_a_warning(place, folder):
    strongroom("add", folder, registry=place)
    again = ["add", folder, "--kind", "model", "--note", "n", "--input", "work@v1"]
    (warning,) = answer(*again, registry=place)["versions"][0]["warnings"]
    assert "kind, input, note" in warning and "--new-version" in warning
    planned = answer("add", folder, "--new-version", "--dry-run", registry=place)["versions"][0]
    assert (planned["created"], planned["tag"], planned["next_tag"]) == (True, None, "v2")


def test_a_cursor_fits_its_own_list_only(place, folder):
    for number in range(3):
        strongroom("run", "start", "--id", f"r{number}", registry=place)
        strongroom("add", folder / "a.bin", "--name", f"n{number}", registry=place)
    cursor = answer("run", "list", "--limit", "1", registry=place)["next"]
    assert [r["id"] for r in answer("run", "list", "--cursor", cursor, registry=place)["runs"]] == [
        "r1",
        "r0",
    ]
    for wrong in (cursor, "nonsense", "ß", ""):
        done = strongroom("list", "--cursor", wrong, "--json", registry=place, code=2)
        assert "cursor" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("strongroom show a", ["a.bin"]),
        ("strongroom show a.bin@", ["a.bin@v1"]),
        ("strongroom cat work@v1 s", ["sub/b.bin"]),
        ("strongroom get --file ", []),
        ("strongroom run finish ", ["r1"]),
        ("strongroom add ", [""]),
        ("strongroom add --kind mo", ["model"]),
        ("strongroom --registry /nowhere show ", []),
    ],
)
def test_the_shell_completes_names_files_and_runs(place, folder, line, offered):
    strongroom("add", folder, registry=place)
    strongroom("add", folder / "a.bin", "--run", "r1", registry=place)
    done = subprocess.run(
        COMMAND,
        env={
            **environment(place),
            "_STRONGROOM_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [one.partition(",")[2] for one in done.stdout.split()] == offered and not done.stderr


@pytest.mark.parametrize(
    ("arguments", "not_loaded"),
    [
        (["--version"], {"click", "json", "pathlib", "logging"}),
        (["--help"], {"sqlite3", "pysqlite3", "strongroom.services"}),
        (
            ["list"],
            {
                "sqlite_utils",
                "platformdirs",
                "difflib",
                "pathspec",
                "watchdog",
                "yaml",
                "tomlkit",
                "strongroom.extract.layouts",
                "strongroom.services.watch_session",
            },
        ),
    ],
)
def test_a_command_loads_only_what_it_uses(place, folder, arguments, not_loaded):
    strongroom("add", folder / "a.bin", registry=place)
    done = subprocess.run(
        [COMMAND[0], "-X", "importtime", *COMMAND[1:], *arguments],
        env=environment(place),
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "strongroom.cli.main" in loaded
    assert not loaded & not_loaded


def test_show_and_run_show_say_in_text_what_json_has(place, folder):
    strongroom("add", folder / "a.bin", registry=place)
    strongroom("add", folder, "--run", "r1", "--input", "a.bin@v1", registry=place)
    assert f"source   {folder}" in strongroom("show", "work", registry=place).stdout
    watched = folder.parent / "out"
    run = watched / "runs" / "a"
    run.mkdir(parents=True)
    (watched / "train.csv").write_text("x,y\n1,2\n")
    (run / "config.json").write_text('{"data": "train.csv"}')
    (run / "metrics.csv").write_text("epoch,loss\n1,0.5\n2,0.25\n")
    (run / "model.bin").write_bytes(b"m")
    strongroom("watch", watched, "--once", "--quiet-time", "0.1", registry=place)
    (found,) = answer("run", "list", "name:a", registry=place)["runs"]
    text = strongroom("run", "show", found["id"], "--series", registry=place).stdout
    assert "inputs:\n  out/train.csv@v1\n" in text and "    1  0.5\n    2  0.25\n" in text
    curve = answer("run", "show", found["id"], "--series", registry=place)["run"]["series"]["loss"]
    assert (curve["points"], curve["last"], curve["min"], curve["max"]) == (2, 0.25, 0.25, 0.5)
    assert curve["steps"] == [1, 2] and curve["values"] == [0.5, 0.25]
