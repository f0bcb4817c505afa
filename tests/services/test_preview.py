"""What a file of a version shows: each kind, its bounds, hostile files, damage and rights."""

from __future__ import annotations

import base64
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest

from strongroom.domain.errors import Damaged, Denied, NotFound
from strongroom.services import preview as service
from tests.conftest import add


def safetensors(path: Path, count: int = 2) -> None:
    size = 4 * 6
    header = {
        f"layer.{n}.weight": {
            "dtype": "F32", "shape": [2, 3], "data_offsets": [n * size, (n + 1) * size],
        }
        for n in range(count)
    }  # fmt: skip
    raw = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(count * size))


def shown(registry, path: Path, **asked):
    version = add(registry, path)
    return registry.preview(f"{version['name']}@{version['tag']}", path.name, **asked)


def test_text_shows_its_beginning_and_of_a_long_log_its_end(registry, tmp_path):
    log = tmp_path / "train.log"
    log.write_text("".join(f"step {n} loss {1 / (n + 1):.4f}\n" for n in range(60_000)))
    document = shown(registry, log)
    assert document["kind"] == "text" and document["verified"] and document["line"] == 1
    assert document["text"].startswith("step 0 loss 1.0000\nstep 1")
    assert document["tail"]["text"].endswith("step 59999 loss 0.0000\n")
    assert document["size"] == log.stat().st_size and len(document["text"]) <= 256 << 10


def test_a_search_goes_through_the_whole_file_and_leads_back_to_the_place(registry, tmp_path):
    log = tmp_path / "train.log"
    lines = [f"step {n}" for n in range(300_000)]
    lines[250_000] = "ERROR: Überlauf in der Schicht"
    log.write_text("\n".join(lines))
    document = shown(registry, log, search="error")
    (match,) = document["matches"]
    assert match["line"] == 250_001 and match["text"] == lines[250_000]
    again = registry.preview("train.log", "train.log", search="überlauf")["matches"]
    assert again == [{**match, "column": 7}]
    window = registry.preview("train.log", "train.log", at=match["at"], line=match["line"])
    at = window["text"].split("\n").index(lines[250_000])
    assert window["line"] + at == 250_001 and window["tail"] is None


def test_a_search_is_capped_and_says_so(registry, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("same\n" * 5000)
    document = shown(registry, log, search="same")
    assert len(document["matches"]) == 1000 and "more than 1,000" in document["reason"]


def test_control_and_direction_characters_do_not_reach_the_screen(registry, tmp_path):
    text = tmp_path / "odd.txt"
    text.write_text("\x1b[31mred\x1b[0m\n10%\r100%\n\u202egnp.exe\n")
    assert shown(registry, text)["text"] == "red\n100%\ngnp.exe\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_text_in_any_encoding(registry, tmp_path, encoding):
    text = tmp_path / "text.txt"
    text.write_bytes("größer\nzwei\n".encode(encoding))
    assert shown(registry, text)["text"] == "größer\nzwei\n"
    found = registry.preview("text.txt", "text.txt", search="ZWEI")["matches"]
    assert [(m["line"], m["text"]) for m in found] == [(2, "zwei")]


def test_tables_show_their_first_rows(registry, tmp_path):
    csv = tmp_path / "m.csv"
    csv.write_text("epoch,loss\n" + "".join(f"{n},{n / 7}\n" for n in range(3000)))
    document = shown(registry, csv)
    assert [c["name"] for c in document["columns"]] == ["epoch", "loss"]
    assert len(document["rows"]) == 1000 and document["total"] == 3000
    lines = tmp_path / "m.jsonl"
    lines.write_text('{"a": 1, "b": {"c": [1]}}\n{"a": 2, "d": "x"}\nbroken\n')
    document = shown(registry, lines)
    assert document["rows"] == [["1", '{"c": [1]}', ""], ["2", "", "x"]]
    assert document["reason"] == "1 of its first 3 lines are not JSON"


def test_tensors_are_listed_without_their_data(registry, tmp_path):
    model = tmp_path / "m.safetensors"
    safetensors(model)
    document = shown(registry, model)
    assert document["tensors"][0] == ["layer.0.weight", "F32", [2, 3], 24]
    assert (document["parameters"], document["bytes"], document["total"]) == (12, 48, 2)
    assert document["metadata"] == [["format", "pt"]]


def test_a_model_that_is_cut_off_is_shown_as_bytes_and_the_reason(registry, tmp_path):
    model = tmp_path / "m.safetensors"
    safetensors(model)
    model.write_bytes(model.read_bytes()[:-10])
    document = shown(registry, model)
    assert document["kind"] == "binary" and "cut off" in document["reason"]
    assert bytes.fromhex(document["bytes"]) == model.read_bytes()[:512]


def test_an_archive_lists_its_members(registry, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("../../etc/passwd", "x" * 2000)
    document = shown(registry, tmp_path / "all.zip")
    assert document["rows"] == [["../../etc/passwd", "2.0 KiB", "2.0 KiB", ""]]


def test_a_picture_comes_as_verified_bytes_and_never_by_its_name(registry, tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(100))
    document = shown(registry, picture)
    assert document["format"] == "png"
    assert base64.b64decode(document["data"]) == picture.read_bytes()
    drawing = tmp_path / "drawing.png"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert shown(registry, drawing)["kind"] == "text"


def test_a_pickle_is_never_loaded(registry, tmp_path):
    import pickle

    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"a": [1, 2]}))
    document = shown(registry, tmp_path / "m.pkl")
    assert document["kind"] == "binary" and "never loaded" in document["reason"]


@pytest.mark.parametrize("name", ["x.safetensors", "x.onnx", "x.gguf", "x.pt", "x.csv", "x.jsonl",
                                  "x.parquet", "x.zip", "x.png", "x.log", "x"])  # fmt: skip
def test_rubbish_under_any_name_shows_something(registry, tmp_path, name):
    for number, data in enumerate(
        (b"", os.urandom(3000), b"PK\x03\x04" + bytes(99), b"GGUF" + b"\xff" * 60,
         b"\xff" * 8 + b"{", b'{"a":' * 50_000, b"PAR1" + b"\xff" * 90 + b"PAR1")
    ):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(data)
        version = add(registry, folder / name, name=f"rubbish{number}")
        document = registry.preview(f"rubbish{number}@{version['tag']}", name)
        assert document["kind"] in ("text", "table", "tensors", "image", "binary")


def test_a_reader_that_dies_is_told_and_the_next_file_is_read(registry, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("hello\n")
    shown(registry, tmp_path / "a.txt")
    monkeypatch.setattr(registry.desk.viewer, "_time_limit", 0.0)
    document = registry.preview("a.txt", "a.txt")
    assert document["kind"] == "binary" and "could not be shown" in document["reason"]
    monkeypatch.undo()
    assert registry.preview("a.txt", "a.txt")["kind"] == "text"


def test_damaged_content_is_never_shown(registry, tmp_path):
    big = tmp_path / "big.txt"
    big.write_text("line of text\n" * 500_000)  # read by the child from the stored file
    version = add(registry, big)
    assert registry.preview("big.txt", "big.txt")["verified"]
    digest = bytes.fromhex(registry.show("big.txt")["manifest"]["files"][0]["sha256"])
    stored = registry.desk.store.object_path(digest)
    os.chmod(stored, 0o644)
    with open(stored, "r+b") as stream:
        stream.write(b"LINE")
    with pytest.raises(Damaged):
        registry.preview("big.txt", "big.txt")
    assert registry.show(f"big.txt@{version['tag']}")["damaged"]


def test_a_very_large_file_is_shown_and_said_not_to_be_verified(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "VERIFIED_BYTES", 4 << 20)
    big = tmp_path / "big.txt"
    big.write_text("line of text\n" * 500_000)
    document = shown(registry, big)
    assert not document["verified"] and "not hashed for a look" in document["reason"]


def test_rights_and_names_are_checked(registry, tmp_path):
    (tmp_path / "a.txt").write_text("hello\n")
    shown(registry, tmp_path / "a.txt")
    with pytest.raises(NotFound):
        registry.preview("a.txt", "b.txt")
    with pytest.raises(NotFound):
        registry.preview("a.txt@v9", "a.txt")
    registry.desk.role = "nobody"
    with pytest.raises((Denied, KeyError)):
        registry.preview("a.txt", "a.txt")


def test_one_file_is_exported_as_a_file(registry, tmp_path):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    add(registry, folder)
    into = tmp_path / "out.txt"
    answer = registry.get("model", into, ["sub/a.txt"], as_file=True)
    assert into.read_text() == "a" and answer["files"] == 1
