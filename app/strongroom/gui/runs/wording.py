"""Runs in words and marks: how a status looks, how long one took, where it comes from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from strongroom.domain import key_metric as metrics
from strongroom.domain.errors import printable
from strongroom.domain.timestamps import parse_rfc3339
from strongroom.gui import wording
from strongroom.gui.wording import Look

Run = Mapping[str, Any]

STATES: dict[str, Look] = {
    "running": Look("Running", "loader-circle", "blue"),
    "finished": Look("Finished", "circle-check", "green"),
    "failed": Look("Failed", "circle-x", "red"),
    "lost": Look("Lost", "unplug", "amber"),
}
LAYOUTS = {
    "plain": "plain folder",
    "mlflow": "MLflow",
    "hydra": "Hydra",
    "hf_trainer": "Hugging Face Trainer",
    "hf_model": "Hugging Face",
    "lightning": "Lightning",
    "ultralytics": "Ultralytics",
    "dvc": "DVC",
    "tensorboard": "TensorBoard",
    "wandb": "W&B",
    "diffusers": "Diffusers",
    "trackers": "a tracker's database",
    "notebooks": "a notebook",
    "track": "strongroom.track()",
}


def look_of(run: Run) -> Look:
    return STATES.get(run["status"], Look(str(run["status"]), "info", "grey"))


def is_running(run: Run) -> bool:
    return bool(run["status"] == "running")


def name_of(run: Run) -> str:
    return printable(run["name"] or run["id"])


def layout_of(run: Run) -> str:
    """The tool that wrote the run's folder; "" for a run that a script declared."""
    layout = str(run["layout"])
    return LAYOUTS.get(layout, layout)


def started_text(run: Run) -> str:
    """`18 min ago`."""
    age = wording.ago(run["started_at"])
    return age if age == "now" else f"{age} ago"


def took_text(run: Run, now: float | None = None) -> str:
    """`42 min 08 s`; of a run that still goes on, until now."""
    end = (
        parse_rfc3339(run["ended_at"]) / 1e6
        if run["ended_at"]
        else (time.time() if now is None else now)
    )
    seconds = max(0.0, end - parse_rfc3339(run["started_at"]) / 1e6)
    if not run["ended_at"]:
        seconds = float(int(seconds))  # tenths that run only disquiet
        return f"{int(seconds)} s" if seconds < 60 else wording.span_text(seconds)
    return wording.span_text(seconds)


def lasting_text(run: Run) -> str:
    """`took 30 s`, or `for 12 s` while it goes on."""
    return f"{'for' if is_running(run) else 'took'} {took_text(run)}"


def times_tip(run: Run) -> str:
    lines = [f"Started {wording.exact(run['started_at'])}"]
    if run["ended_at"]:
        lines.append(f"Ended {wording.exact(run['ended_at'])}")
    return "\n".join(lines)


def key_metric(run: Run) -> tuple[str, str] | None:
    """Name and value of the one metric that a row shows; a running one's newest value."""
    values = run["metrics"] or {
        name: one["last"] for name, one in run["series"].items() if one["last"] is not None
    }
    found = metrics.key_metric(values)
    return (printable(found[0]), wording.number_text(found[1])) if found else None


def point_text(value: float) -> str:
    """A value of a curve in five significant digits, so that a small rate is not rounded away."""
    return f"{value:.5g}"


def sentence(run: Run) -> str:
    """A row as it is read out."""
    parts = [name_of(run), look_of(run).word.lower(), f"started {started_text(run)}"]
    parts.append(lasting_text(run))
    metric = metrics.key_metric(run)
    if metric:
        parts.append(" ".join(metric))
    return ", ".join(parts)


def provenance_facts(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Where the run comes from as flat pairs, `folder` aside: the head shows it."""
    flat: dict[str, Any] = {}

    def take(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                take(f"{prefix}.{key}" if prefix else str(key), inner)
        elif prefix != "folder" and value not in (None, "", []):
            flat[prefix] = ", ".join(map(str, value)) if isinstance(value, list) else value

    take("", dict(provenance))
    return flat


def git_commit(facts: Mapping[str, Any]) -> str:
    """The commit among flat provenance facts, or ""."""
    for key, value in facts.items():
        words = key.lower().replace("-", ".").replace("_", ".").split(".")
        if "git" in words and words[-1] in ("commit", "sha", "hash", "git"):
            return str(value)
    return ""
