"""A small real training for a first look at Strongroom: logistic regression, standard library only.

Writes a run folder as trainings do: config.json first, metrics.csv and train.log while it runs,
model.safetensors (written under a temporary name, then renamed) and metrics.json at its end.

    python train.py OUT [--name NAME] [--lr 0.5] [--epochs 12] [--seed 1] [--pause 0.0]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import struct
import time
from pathlib import Path

COLUMNS = ("amount", "hour", "age_days", "foreign")


def transactions(count: int, seed: int) -> list[tuple[list[float], int]]:
    """Made-up card transactions; about one in five is fraud."""
    rng, rows = random.Random(seed), []
    for _ in range(count):
        amount, hour, age = rng.lognormvariate(3, 1), rng.randrange(24), rng.expovariate(1 / 400)
        foreign = int(rng.random() < 0.25)
        odds = -3.2 + 0.03 * amount + 1.6 * foreign - 0.002 * age + (0.9 if hour < 6 else 0)
        rows.append(([amount, hour, age, foreign], int(rng.random() < 1 / (1 + math.exp(-odds)))))
    return rows


def write_data(path: Path, rows: list[tuple[list[float], int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as out:
        table = csv.writer(out)
        table.writerow([*COLUMNS, "fraud"])
        table.writerows([f"{v:.4g}" for v in x] + [y] for x, y in rows)


def scaled(rows, means, spreads):
    return [([(v - m) / s for v, m, s in zip(x, means, spreads, strict=True)], y) for x, y in rows]


def probability(weights: list[float], bias: float, x: list[float]) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(map(float.__mul__, weights, x)) + bias))))


def evaluate(weights, bias, rows) -> dict[str, float]:
    scores = [(probability(weights, bias, x), y) for x, y in rows]
    loss = -sum(math.log(p if y else 1 - p) for p, y in scores) / len(scores)
    accuracy = sum((p > 0.5) == bool(y) for p, y in scores) / len(scores)
    positive = [p for p, y in scores if y]
    negative = [p for p, y in scores if not y]
    wins = sum((a > b) + 0.5 * (a == b) for a in positive for b in negative)
    return {"log_loss": loss, "accuracy": accuracy, "auc": wins / (len(positive) * len(negative))}


def save_model(path: Path, weights: list[float], bias: float, meta: dict[str, str]) -> None:
    """safetensors: 8 bytes of header length, JSON header, little-endian data."""
    body = struct.pack(f"<{len(weights) + 1}f", *weights, bias)
    split = 4 * len(weights)
    head = json.dumps(
        {
            "__metadata__": meta,
            "weights": {"dtype": "F32", "shape": [len(weights)], "data_offsets": [0, split]},
            "bias": {"dtype": "F32", "shape": [1], "data_offsets": [split, split + 4]},
        }
    ).encode()
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(struct.pack("<Q", len(head)) + head + body)
    os.replace(temporary, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--name", default="baseline")
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between epochs")
    options = parser.parse_args()
    train, valid = transactions(1500, options.seed), transactions(400, options.seed + 100)
    write_data(options.out / "data" / "transactions.csv", train)
    run = options.out / "runs" / options.name
    run.mkdir(parents=True, exist_ok=True)
    params = {
        "lr": options.lr,
        "epochs": options.epochs,
        "seed": options.seed,
        "data": "data/transactions.csv",
        "features": list(COLUMNS),
    }
    (run / "config.json").write_text(json.dumps(params, indent=2) + "\n")
    columns = list(zip(*(x for x, _ in train), strict=True))
    means = [sum(c) / len(c) for c in columns]
    spreads = [
        math.sqrt(sum((v - m) ** 2 for v in c) / len(c)) or 1.0
        for c, m in zip(columns, means, strict=True)
    ]
    train, valid = scaled(train, means, spreads), scaled(valid, means, spreads)
    weights, bias, order = [0.0] * len(COLUMNS), 0.0, random.Random(options.seed)
    with open(run / "metrics.csv", "w", newline="") as curves, open(run / "train.log", "w") as log:
        table = csv.writer(curves)
        table.writerow(["epoch", "train_loss", "val_loss", "val_auc"])
        for epoch in range(1, options.epochs + 1):
            order.shuffle(train)
            for x, y in train:
                step = options.lr / 20 * (probability(weights, bias, x) - y)
                weights = [w - step * v for w, v in zip(weights, x, strict=True)]
                bias -= step
            now = evaluate(weights, bias, valid)
            row = [epoch, evaluate(weights, bias, train)["log_loss"], now["log_loss"], now["auc"]]
            table.writerow(row)
            print(
                f"epoch {epoch}/{options.epochs} val_loss={row[2]:.4f} val_auc={row[3]:.4f}",
                file=log,
                flush=True,
            )
            curves.flush()
            time.sleep(options.pause)
    save_model(run / "model.safetensors", weights, bias, {"trained_by": "sample", "run": run.name})
    (run / "metrics.json").write_text(json.dumps(evaluate(weights, bias, valid), indent=2) + "\n")


if __name__ == "__main__":
    main()
