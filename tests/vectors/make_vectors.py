"""Writes the published test vectors from values given here and hashes computed independently.

Run it after a deliberate change of a format: `python tests/vectors/make_vectors.py`. The tests
compare the product with the files, so an accidental change of a format fails.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import rfc8785

HERE = Path(__file__).parent


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


#: what a value is → the document with the escapes of design §4, written out by hand
CANONICAL = [
    ("null", "None", None),
    ("true", "True", True),
    ("zero", "0", 0),
    ("largest safe integer", "2**53-1", 9007199254740991),
    ("beyond safe", "2**53", {"$int": "9007199254740992"}),
    ("far below", "-10**30", {"$int": "-1" + "0" * 30}),
    ("fraction", "0.1", 0.1),
    ("tiny fraction", "1e-07", 1e-07),
    ("small fraction", "1e-06", 1e-06),
    ("integral float", "1.0", {"$float": "1.0"}),
    ("minus zero", "-0.0", {"$float": "-0.0"}),
    ("huge float", "1e+300", {"$float": "1e+300"}),
    ("nan", "float('nan')", {"$float": "nan"}),
    ("infinity", "float('inf')", {"$float": "inf"}),
    ("minus infinity", "float('-inf')", {"$float": "-inf"}),
    ("text", "'héllo \\u20ac \\U0001f680'", "héllo € \U0001f680"),
    ("controls", "'a\\nb\\t\\x00\\x1f\\x7f\"\\\\'", 'a\nb\t\x00\x1f\x7f"\\'),
    ("list", "[1, 1.5, 'x', [None]]", [1, 1.5, "x", [None]]),
    (
        "keys by UTF-16",
        "{'\\ufb33': 1, '\\U0001f600': 2, '1': 3, '\\r': 4, '': 5}",
        {"\ufb33": 1, "\U0001f600": 2, "1": 3, "\r": 4, "": 5},
    ),
    ("a dict that looks like an escape", "{'$int': 7}", {"$dict": {"$int": 7}}),
    ("no escape: two keys", "{'$int': 7, 'a': 1}", {"$int": 7, "a": 1}),
]

MANIFESTS = [
    ("one file", [("model.bin", b"weights")]),
    ("empty file", [("empty", b"")]),
    (
        "order is by raw bytes",
        [("b", b"1"), ("a/z", b"2"), ("a", b"3"), ("Z", b"4"), ("é", b"5"), ("a.b", b"6")],
    ),
    (
        "names are kept as given",
        [
            ("e\u0301", b"nfd"),
            ("\u00e9", b"nfc"),
            (" lead ", b"x"),
            ("new\nline", b"y"),
            ("\U0001f680", b"z"),
        ],
    ),
    ("not UTF-8", [(b"caf\xe9.csv", b"latin"), (b"\xff\xfe", b"bytes"), (b"plain", b"p")]),
]


def manifest_document(files: list[tuple[bytes, bytes]]) -> dict:
    entries = []
    for path, data in sorted(files):
        try:
            entry: dict = {"path": path.decode()}
        except UnicodeDecodeError:
            entry = {"path_hex": path.hex()}
        entries.append({**entry, "sha256": sha(data), "size": len(data)})
    return {"schema": "strongroom.manifest/1", "files": entries}


def main() -> None:
    canonical = [
        {
            "what": what,
            "python": python,
            "document": document,
            "canonical": rfc8785.dumps(document).decode(),
            "digest": sha(rfc8785.dumps(document)),
        }
        for what, python, document in CANONICAL
    ]
    write("canonical.json", canonical)
    manifests = []
    for what, files in MANIFESTS:
        raw = [(p if isinstance(p, bytes) else p.encode(), d) for p, d in files]
        document = manifest_document(raw)
        manifests.append(
            {
                "what": what,
                "files": [{"path_hex": p.hex(), "data_hex": d.hex()} for p, d in raw],
                "canonical": rfc8785.dumps(document).decode(),
                "digest": sha(rfc8785.dumps(document)),
            }
        )
    write("manifest.json", manifests)
    write("paged_manifest.json", paged())


def paged() -> dict:
    """10,000 files `d/N` whose bytes are the digits of N: too many to list, so by rule."""
    files = sorted((f"d/{n}".encode(), str(n).encode()) for n in range(10_000))
    pages, start = [], 0
    for index, (path, _) in enumerate(files, 1):
        tail = int(hashlib.sha256(path).hexdigest(), 16) % 1024
        if tail == 0 or index - start == 8192 or index == len(files):
            part = files[start:index]
            data = rfc8785.dumps(manifest_document(part))
            pages.append(
                {
                    "sha256": sha(data),
                    "first": part[0][0].decode(),
                    "files": len(part),
                    "bytes": sum(len(d) for _, d in part),
                }
            )
            start = index
    root = {"schema": "strongroom.manifest-root/1", "pages": pages}
    return {
        "rule": "path d/N, bytes the decimal digits of N, N from 0 to 9999",
        "root": root,
        "digest": sha(rfc8785.dumps(root)),
    }


def write(name: str, value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=True) + "\n"
    (HERE / name).write_text(text)


if __name__ == "__main__":
    main()
