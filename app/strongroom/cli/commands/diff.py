"""`strongroom diff`."""

from __future__ import annotations

import math
from typing import Any

import click

from strongroom.cli.completing import references
from strongroom.cli.frame import Frame, common, table
from strongroom.domain.errors import printable
from strongroom.domain.quantities import size_text
from strongroom.services.compare import SECTIONS

Document = dict[str, Any]
_SECTIONS = [section.name for section in SECTIONS]
#: Lines of one section for people; `--json` has all.
_SHOWN = 60


@click.command()
@click.argument("a", metavar="A", shell_complete=references)
@click.argument("b", metavar="B", shell_complete=references)
@click.option("--exit-code", is_flag=True, help="End with 1 where they differ.")
@click.option(
    "--only",
    "only",
    metavar="SECTION",
    multiple=True,
    type=click.Choice(_SECTIONS),
    help=f"One of {', '.join(_SECTIONS)}; may be repeated.",
)
@common
@click.pass_obj
def diff(frame: Frame, a: str, b: str, exit_code: bool, only: tuple[str, ...]) -> int:
    """How B differs from A: two versions, or two runs (run:ID).

    Sections are files, metrics (with what is better), evaluation (confusion matrices, reports and
    ROC curves in JSON), params, curves, tensors, data, images, config and environment.
    """
    answer = frame.open().diff(a, b, only, frame.progress("diff"))
    frame.answer(answer, lambda: _text(answer))
    return 1 if exit_code and answer["different"] else 0


def _text(answer: Document) -> str:
    parts = [f"{printable(answer['a'])} → {printable(answer['b'])}"]
    for name, section in answer["sections"].items():
        lines = (_metrics if name == "metrics" else _changes)(section, name)
        if lines:
            title = name if isinstance(section, list) else f"{name}: {_summary(section)}"
            parts += ["", title, *lines[:_SHOWN]]
            if len(lines) > _SHOWN:
                parts.append(f"  … and {len(lines) - _SHOWN} more: use --json")
    if len(parts) == 1:
        parts.append("no difference")
    return "\n".join(parts)


def _summary(section: Document) -> str:
    words = [f"{len(section[k])} {k}" for k in ("changed", "added", "removed") if section[k]]
    return ", ".join([*words, f"{section['same']} the same"])


def _metrics(section: list[Document], name: str) -> list[str]:
    rows = [
        [
            f"  {printable(m['name'])}",
            _value(m["a"]),
            _value(m["b"]),
            "" if m["delta"] is None else f"{m['delta']:+.6g}",
            {"a": "worse", "b": "better", "same": "=", "unknown": ""}[m["better"]],
        ]
        for m in section
        if m["better"] != "same"
    ]
    if not rows:
        return []
    return table(["  METRIC", "A", "B", "DELTA", ""], rows, frozenset({1, 2, 3})).splitlines()


def _changes(section: Document, name: str) -> list[str]:
    signs = {"changed": "~", "added": "+", "removed": "-"}
    lines = []
    for kind, sign in signs.items():
        for one in section[kind]:
            title = printable(str(one.get("name") or one.get("path")))
            lines.append(f"  {sign} {title}{_about(one, name, kind)}")
            for mark, text in one.get("lines", ()):
                lines.append(f"      {printable(mark + text)}")
    return [*lines, *(f"  warning: {printable(w)}" for w in section.get("warnings", ()))]


def _about(one: Document, section: str, kind: str) -> str:
    if section == "files":
        if kind == "changed":
            return f"  {size_text(one['a']['size'])} → {size_text(one['b']['size'])}"
        return f"  {size_text(one['size'])}"
    if section == "tensors":
        text = f"  {one['dtype']} {one['shape']}"
        if one.get("relative_l2") is not None:
            text += (
                f"  relative L2 {one['relative_l2']:.4g}, max {one['max_abs']:.4g},"
                f" {100 * one['changed_share']:.3g} % of elements"
            )
        return text
    if section == "config":
        return f"  ({one['reason']})" if one.get("reason") else ""
    if section == "data":
        return _column(one)
    if section == "evaluation":
        return _evaluation(one, kind)
    if section == "images":
        return ""  # that they differ is all that digests tell
    if section == "curves":
        shown = one if kind == "changed" else {"a": one["value"]}
        return "  " + " → ".join(f"{v['points']} points, last {v['last']}" for v in
                                 (shown[k] for k in ("a", "b") if k in shown))  # fmt: skip
    if kind == "changed":
        return f"  {_value(one['a'])} → {_value(one['b'])}"
    return f"  {_value(one['value'])}"


def _column(one: Document) -> str:
    parts = [
        f"{word} {one[key]:.4g}"
        for key, word in (("psi", "PSI"), ("ks", "KS"))
        if one.get(key) is not None
    ]
    return "  " + ", ".join([str(one.get("type") or ""), *parts]) if parts else ""


def _evaluation(one: Document, kind: str) -> str:
    """Of what kind it is, and the one number that tells most of it."""
    called = one["kind"].replace("_", " ")
    if kind != "changed":
        return f"  {called}"
    a, b = one["a"], one["b"]
    if one["kind"] == "confusion":
        words, before, after = "on the diagonal", _diagonal(a["counts"]), _diagonal(b["counts"])
    elif one["kind"] == "report":
        words, (before, after) = "accuracy", (v["overall"].get("accuracy") for v in (a, b))
    else:
        words, before, after = "area", a["area"], b["area"]
    if before is None or after is None:
        return f"  {called}"
    return f"  {called}, {words} {before:.4g} → {after:.4g}"


def _diagonal(counts: list[list[float]]) -> float | None:
    whole = sum(map(sum, counts))
    return sum(row[at] for at, row in enumerate(counts)) / whole if whole else None


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.6g}" if not value.is_integer() else repr(value)
    if isinstance(value, str):
        return (
            printable(repr(value))
            if value.strip() != value or value.isdigit()
            else printable(value)
        )
    return printable(str(value))


COMMANDS = {"diff": diff}
