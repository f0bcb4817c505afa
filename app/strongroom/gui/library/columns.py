"""The Library's columns: what each shows, in which order it can be sorted, how wide it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.domain.key_metric import key_metric
from strongroom.domain.quantities import size_text
from strongroom.gui import wording

Version = Mapping[str, Any]
DASH = "\N{EM DASH}"


@dataclass(frozen=True, slots=True)
class Column:
    """`text(version)` is what is read out and copied, `tip(version)` the whole on hover; `paint`
    names the delegate's way to draw it. `sort` "" cannot be sorted by; `shown` at first.
    """

    title: str
    paint: str
    width: int
    text: Callable[[Version], str]
    tip: Callable[[Version], str | None] = lambda version: None
    sort: str = ""
    right: bool = False
    shown: bool = True


def reference(version: Version) -> str:
    return f"{version['name']}@{version['tag']}"


def run_name(version: Version) -> str:
    brief = version.get("run_brief")
    return (brief["name"] if brief else "") or version["run"] or ""


def metric(version: Version) -> tuple[str, Any] | None:
    """The version's own key metric, else that of the run that made it."""
    own = key_metric(version["metrics"])
    brief = version.get("run_brief")
    if own is None and brief and version["kind"] in ("model", "metrics"):
        return key_metric(brief["metrics"])
    return own


def state(version: Version) -> wording.Look | None:
    """Damage before warnings; stages join here."""
    if version.get("damaged"):
        return wording.DAMAGED
    if version["warnings"]:
        count = len(version["warnings"])
        return wording.Look(wording.plural(count, "warning"), "triangle-alert", "amber")
    return None


def _metric_text(version: Version) -> str:
    found = metric(version)
    return f"{found[0]} {wording.number_text(found[1])}" if found else DASH


def _metric_tip(version: Version) -> str | None:
    brief = version.get("run_brief")
    values = {**(brief["metrics"] if brief else {}), **version["metrics"]}
    lines = [f"{name}  {wording.number_text(value)}" for name, value in sorted(values.items())]
    return "\n".join([*lines[:20], "…"] if len(lines) > 20 else lines) or None


def _state_text(version: Version) -> str:
    look = state(version)
    return look.word if look else DASH


COLUMNS: tuple[Column, ...] = (
    Column("Name", "name", 180, lambda v: v["name"], lambda v: v["name"], "name"),
    Column("Kind", "kind", 98, lambda v: v["kind"], sort="kind"),
    Column(
        "Version",
        "version",
        116,
        lambda v: f"{v['tag']} · {wording.short_digest(v['content_digest'])}",
        lambda v: v["content_digest"],
        "version",
    ),
    Column("Run", "mono", 92, lambda v: run_name(v) or DASH, lambda v: v["run"], "run"),
    Column(
        "State",
        "state",
        102,
        _state_text,
        lambda v: "\n".join(v["warnings"][:12]) or None,
        "state",
    ),
    Column("Key metric", "metric", 128, _metric_text, _metric_tip, "metric"),
    Column(
        "Size",
        "number",
        88,
        lambda v: size_text(v["size"]),
        lambda v: f"{wording.count_text(v['size'])} bytes in {wording.plural(v['files'], 'file')}",
        "size",
        right=True,
    ),
    Column(
        "Created",
        "second",
        76,
        lambda v: wording.ago(v["created_at"]),
        lambda v: wording.exact(v["created_at"]),
        "created",
    ),
    Column("By", "second", 60, lambda v: v["by"], sort="by", shown=False),
    Column(
        "Files",
        "number",
        64,
        lambda v: wording.count_text(v["files"]),
        sort="files",
        right=True,
        shown=False,
    ),
)
