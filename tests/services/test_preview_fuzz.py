"""Previews of damaged files: always an answer, within its bounds, never another error."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.formats.source import source_from_bytes
from strongroom.services.previews import look, tensors, text
from strongroom.services.previews.request import Request
from tests.formats.made import gguf, lightning_checkpoint, onnx_model, parquet, safetensors, zipped

SAMPLES = {
    "m.safetensors": safetensors({"a.weight": (2, 3), "b": (4,)}, format="pt"),
    "m.gguf": gguf(),
    "m.onnx": onnx_model(),
    "m.ckpt": lightning_checkpoint(),
    "m.parquet": parquet(),
    "m.zip": zipped({"a.txt": b"a", "b/c.txt": b"c"}),
    "m.csv": b'a,b\n1,"2"\n3,4\n',
    "m.jsonl": b'{"a": 1}\n{"b": [2]}\n',
    "m.log": "step 1\rstep 2\n\x1b[1mdone\x1b[0m größer\n".encode(),
    "m.png": b"\x89PNG\r\n\x1a\n" + bytes(60),
}
KINDS = {"text", "table", "tensors", "image", "binary"}


def test_samples_show_what_they_are():
    kinds = {n: look(source_from_bytes(n, d), Request())["kind"] for n, d in SAMPLES.items()}
    assert kinds == {
        "m.safetensors": "tensors", "m.gguf": "tensors", "m.onnx": "tensors", "m.ckpt": "tensors",
        "m.parquet": "table", "m.zip": "table", "m.csv": "table", "m.jsonl": "table",
        "m.log": "text", "m.png": "image",
    }  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.sampled_from(sorted(SAMPLES)),
    st.integers(0, 4000),
    st.binary(max_size=12),
    st.booleans(),
)
def test_damaged_files_are_shown_somehow(name, content, at, patch, cut):
    data = SAMPLES[content]
    at %= len(data) + 1
    data = data[:at] + patch + (b"" if cut else data[at + len(patch) :])
    source = source_from_bytes(name, data)
    document = look(source, Request())
    assert document["kind"] in KINDS and isinstance(document["reason"], str)
    assert len(json.dumps(document)) < 10_000_000
    if document["kind"] == "tensors":
        assert len(document["tensors"]) <= tensors.SHOWN


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000), st.text(min_size=1, max_size=5), st.integers(0, 4000))
def test_searching_and_windows_of_any_bytes(data, wanted, at):
    source = source_from_bytes("x.log", data)
    found = look(source, Request(search=wanted))
    assert found["kind"] == "matches"
    for match in found["matches"]:
        assert 0 <= match["at"] <= 3 * len(data) + 3 and match["line"] >= 1
    window = text.show(source, Request(at=at))
    assert window["start"] <= window["end"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("abc xyz", max_size=30), min_size=1, max_size=40), st.sampled_from("abcxyz")
)
def test_every_line_that_holds_it_is_found_with_its_place(lines, wanted):
    data = "\n".join(lines).encode()
    found = look(source_from_bytes("x.log", data), Request(search=wanted))["matches"]
    expected = [n for n, line in enumerate(lines, 1) if wanted in line]
    assert [m["line"] for m in found] == expected
    for match in found:
        line = data[match["at"] :].split(b"\n")[0].decode()
        assert line == lines[match["line"] - 1] and line.find(wanted) == match["column"]
