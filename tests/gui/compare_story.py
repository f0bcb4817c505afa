"""A registry with three versions of one model, each from a run of its own with curves: what the
tests and pictures of the Compare screen look at.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import closing
from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor, QImage, QPainter

from strongroom.bootstrap import create_registry
from strongroom.domain.series import Point, Series
from strongroom.domain.timestamps import now
from strongroom.services.add import AddOptions
from strongroom.services.runs import RunWriter, empty_document
from strongroom.settings import Settings
from tests.services.test_compare import safetensors

NAME = "fraud-detector"
SHAPES = {
    "embed.merchant": (92, 64), "tower.0.weight": (256, 64), "tower.1.weight": (128, 256),
    "attn.qkv.weight": (384, 128), "head.weight": (1, 128),
}  # fmt: skip
#: Relative change of each of these tensors against the first version.
CHANGES = ((0.031, 0.072, 0.064, 0.112, 0.186), (0.118, 0.203, 0.187, 0.341, 0.472))
METRICS = (
    {"auc": 0.9688, "accuracy": 0.9611, "recall@fpr1%": 0.7983, "precision": 0.9127,
     "log_loss": 0.0939, "latency_p95": 10.9, "support": 4200, "classes": 2, "beta": 1.5},
    {"auc": 0.9713, "accuracy": 0.9620, "recall@fpr1%": 0.8069, "precision": 0.9141,
     "log_loss": 0.0902, "latency_p95": 11.0, "support": 4200, "classes": 2, "beta": 1.5},
    {"auc": 0.9741, "accuracy": 0.9632, "recall@fpr1%": 0.8147, "precision": 0.9105,
     "log_loss": 0.0871, "latency_p95": 11.8, "support": 4200, "classes": 2, "beta": 1.5},
)  # fmt: skip
PARAMS = (
    {"lr": 1e-3, "depth": 6, "batch": 512, "dropout": 0.10},
    {"lr": 5e-4, "depth": 8, "batch": 512, "dropout": 0.15},
    {"lr": 3e-4, "depth": 8, "batch": 1024, "dropout": 0.15, "focal_gamma": 2.0},
)
EQUAL = {"optimizer": {"name": "adamw", "betas": [0.9, 0.999]}, "seed": 42, "amp": True}
STEPS = 300


def fill(place: Path, work: Path) -> None:
    """Makes the registry; a fourth artifact stands beside the model and is not compared."""
    random = np.random.default_rng(7)
    first = {name: random.normal(size=shape).astype("f4") for name, shape in SHAPES.items()}
    same = {f"block.{n}.norm": random.normal(size=64).astype("f4") for n in range(42)}
    folder = work / NAME
    folder.mkdir(parents=True)
    with closing(create_registry(place, Settings(), "cli")) as registry:
        for at in range(3):
            run = f"run-0{371 + 20 * at}"
            keep_run(registry, run, at)
            tensors = dict(first)
            if at:
                tensors = {
                    name: changed(values, share, random)
                    for (name, values), share in zip(first.items(), CHANGES[at - 1], strict=True)
                }
            if at == 2:
                tensors["head.focal_bias"] = np.zeros(1, "f4")
            data = safetensors({n: ("F32", v) for n, v in {**tensors, **same}.items()})
            (folder / "model.safetensors").write_bytes(data)
            (folder / "MODEL_CARD.md").write_text(
                f"# Fraud detector\n\nTrained on week {40 + at}.\n\n- owner: risk\n- review: mia\n"
            )
            (folder / "holdout.csv").write_text(table_of(at))
            (folder / "holdout.json").write_text(json.dumps(evaluation_of(at)))
            for name in ("calibration", "importance", "scores"):
                picture_of(name, at).save(str(folder / f"{name}.png"))
            options = AddOptions(
                name=NAME, kind="model", run=run, metrics=METRICS[at],
                params={**PARAMS[at], **EQUAL},
                meta={"git_commit": f"{at}a81f2d0" + "0" * 32, "python": "3.11.7"},
            )  # fmt: skip
            registry.add([os.fsencode(folder)], options)
        (work / "notes.bin").write_bytes(b"something else")
        registry.add([os.fsencode(work / "notes.bin")], AddOptions())


def changed(values: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """The values moved so that the relative L2 change is `share`."""
    noise = random.normal(size=values.shape)
    return (values + noise * (share * np.linalg.norm(values) / np.linalg.norm(noise))).astype("f4")


def table_of(at: int) -> str:
    random = np.random.default_rng(at)
    lines = ["amount,hour,merchant" + (",device_age" if at == 2 else "")]
    for n in range(400 + 20 * at):
        amount = random.lognormal(3 + at / 3, 1)
        word = ("food", "travel", "games")[(n * (at + 1)) % 3]
        lines.append(f"{amount:.2f},{n % 24},{word}" + (f",{n % 90}" if at == 2 else ""))
    return "\n".join(lines) + "\n"


def picture_of(name: str, at: int) -> QImage:
    """A plot as trainings write them; `importance` is the same in all versions."""
    image = QImage(320, 220, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    take = 0 if name == "importance" else at
    painter = QPainter(image)
    for n in range(8):
        tall = 20 + (n * (23 + 5 * take) + len(name) * 7) % 150
        painter.fillRect(20 + n * 36, 200 - tall, 26, tall, QColor(40 + 40 * take, 90, 200 - n * 9))
    painter.end()
    return image


def evaluation_of(at: int) -> dict[str, object]:
    """A confusion matrix, a report and a ROC curve, in the form of scikit-learn's."""
    right, missed, false = 3711 + 9 * at, 131 - 24 * at, 149 - 9 * at
    found = 209 + 24 * at
    names = ("legitimate", "fraud")
    counts = ((right, false), (missed, found))
    report: dict[str, object] = {"accuracy": (right + found) / 4200}
    for n, name in enumerate(names):
        precision = counts[n][n] / (counts[0][n] + counts[1][n])
        recall = counts[n][n] / sum(counts[n])
        report[name] = {
            "precision": precision, "recall": recall, "support": sum(counts[n]),
            "f1-score": 2 * precision * recall / (precision + recall),
        }  # fmt: skip
    x = [n / 60 for n in range(61)]
    return {
        "confusion_matrix": counts,
        "labels": names,
        "by_class": report,
        "roc": {"fpr": x, "tpr": [v ** (0.12 - 0.03 * at) for v in x]},
    }


def keep_run(registry, run: str, at: int) -> None:
    began = now() - (3 - at) * 86_400_000_000
    document = {
        **empty_document(run, "", began), "status": "finished", "ended_at": began + 600_000_000,
    }  # fmt: skip
    writer = RunWriter(registry.desk)
    series = {name: Series.of(points) for name, points in curves_of(at).items()}
    draft = writer.keep(run, document, series)
    with registry.desk.recording(writer.documents) as recorder:
        recorder.write(draft)


def curves_of(at: int) -> dict[str, list[Point]]:
    reach, speed = 0.968 + at * 0.003, 3500 - 700 * at
    found: dict[str, list[Point]] = {"val_auc": [], "train_loss": [], "epoch": []}
    for n in range(STEPS):
        step = 100 * (n + 1)
        noise = 0.004 * math.sin(n * 12.9898 * (at + 1))
        value = reach - 0.13 * math.exp(-step / speed) + noise
        time = 1.7e9 + 86400 * at + n * (2 + at / 2)
        found["val_auc"].append(Point(step, value, time))
        found["train_loss"].append(Point(step, 1 - value + noise, time))
        found["epoch"].append(Point(step, step / 10_000, time))
    return found
