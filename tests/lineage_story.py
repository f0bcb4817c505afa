"""A small project with a past: data, features, two trainings, an evaluation and what came of it."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

from strongroom.domain.digest import text_of
from strongroom.services.add import AddOptions
from strongroom.services.find import resolve
from strongroom.services.runs import RunWriter, empty_document


def tensors(path: Path, layers: dict[str, list[float]]) -> Path:
    """A safetensors file of float32 vectors."""
    header, data, at = {}, b"", 0
    for name, values in layers.items():
        raw = struct.pack(f"<{len(values)}f", *values)
        header[name] = {
            "dtype": "F32", "shape": [len(values)], "data_offsets": [at, at + len(raw)]
        }  # fmt: skip
        data, at = data + raw, at + len(raw)
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)
    return path


def layer(seed: int, count: int = 256) -> list[float]:
    """Numbers that nothing else has."""
    return [((seed * 7919 + n * 104729) % 65521) / 65521 - 0.5 for n in range(count)]


def add(registry, path: Path, name: str, **options) -> str:
    version = registry.add([os.fsencode(path)], AddOptions(name=name, **options))["versions"][0]
    return f"{version['name']}@{version['tag']}"


def run(registry, ident: str, name: str, inputs: dict[str, str], **document) -> str:
    """A finished run that read `inputs`: reference → basis."""
    desk = registry.desk
    writer = RunWriter(desk)
    read = [
        {
            "ref": ref,
            "content_digest": text_of(resolve(desk, ref).content),
            "basis": basis,
            "rule": "a path it names",
            "file": "config.yaml",
        }
        for ref, basis in inputs.items()
    ]
    whole = {
        **empty_document(name), "status": "finished", "inputs": read,
        "started_at": 1_790_000_000_000_000, "ended_at": 1_790_003_060_000_000, **document,
    }  # fmt: skip
    draft = writer.keep(ident, whole)
    with desk.recording(writer.documents) as recorder:
        recorder.write(draft)
    return ident


def tell(registry, work: Path) -> dict[str, str]:
    """Fills the registry; references by short names come back."""
    work.mkdir(parents=True, exist_ok=True)

    def text(name: str, content: str) -> Path:
        (work / name).write_text(content)
        return work / name

    rows = "".join(f"{n},{n * 3 % 17},{n % 2}\n" for n in range(400))
    made = {
        "data": add(registry, text("transactions.csv", f"id,amount,label\n{rows}"), "transactions"),
        "holdout": add(registry, text("holdout.csv", "id,amount,label\n1,2,0\n"), "fraud-holdout"),
        "spec": add(registry, text("spec.yaml", "features: 34\nscale: log\n"), "feature-spec"),
        "base": add(
            registry,
            tensors(work / "embeddings.safetensors", {f"e{n}": layer(n) for n in range(6)}),
            "card-embeddings",
        ),
    }
    git = {"git": {"commit": "5b90e17" + "0" * 33, "branch": "main", "dirty": False}}
    known = {**git, "python": "3.11.7", "packages": {"torch": "2.13.0", "numpy": "2.4.6"}}
    params = {"lr": {"value": 0.001, "by": "user"}}
    run(
        registry, "run-0371", "train fraud-detector",
        {made["data"]: "declared", made["holdout"]: "declared", made["spec"]: "observed"},
        provenance=known, params=params,
    )  # fmt: skip
    made["model"] = add(
        registry,
        tensors(
            work / "model.safetensors",
            {**{f"e{n}": layer(n) for n in range(4)}, "head": layer(99), "tower": layer(98)},
        ),
        "fraud-detector",
        run="run-0371",
        metrics={"auc": 0.9688},
    )
    run(
        registry,
        "run-0402",
        "eval weekly",
        {made["model"]: "observed", made["holdout"]: "observed"},
    )
    made["report"] = add(
        registry, text("report.json", '{"auc": 0.9688}'), "eval-report", run="run-0402"
    )
    made["small"] = add(
        registry,
        text("int8.bin", "quantised"),
        "fraud-detector-int8",
        inputs=(made["model"],),
    )
    return made
