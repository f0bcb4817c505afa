"""`strongroom list`, `versions` and `show`."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.commands.add import KINDS
from strongroom.cli.completing import names, references
from strongroom.cli.frame import (
    FilterCommand,
    Frame,
    common,
    counted,
    filter_text,
    table,
)
from strongroom.domain.errors import printable
from strongroom.domain.quantities import size_text

FILTER_HELP = (
    "FILTER: terms separated by spaces, all must hold: kind:model name:fraud* run:abc "
    "metric.auc>0.8 param.lr<=0.01 size>1GB created:<7d has:warning label:k=v -term, (a or b), "
    "bare words search names, notes and params."
)


@click.command("list", cls=FilterCommand, epilog=FILTER_HELP)
@click.argument("terms", metavar="[FILTER]", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS))
@click.option("--limit", type=int, default=100, show_default=True)
@click.option("--cursor", help="The `next` of the page before.")
@common
@click.pass_obj
def list_(
    frame: Frame, terms: tuple[str, ...], kind: str | None, limit: int, cursor: str | None
) -> None:
    """Artifacts with their newest version, latest change first."""
    answer = frame.open().list_artifacts(filter_text(terms), kind, limit, cursor)
    frame.answer(answer, lambda: _artifacts(answer, filtered=bool(terms or kind or cursor)))


@click.command(cls=FilterCommand, epilog=FILTER_HELP)
@click.argument("name", shell_complete=names)
@click.argument("terms", metavar="[FILTER]", nargs=-1)
@click.option("--limit", type=int, default=100, show_default=True)
@click.option("--cursor", help="The `next` of the page before.")
@common
@click.pass_obj
def versions(
    frame: Frame, name: str, terms: tuple[str, ...], limit: int, cursor: str | None
) -> None:
    """All versions of an artifact, newest first."""
    answer = frame.open().list_versions(name, filter_text(terms), limit=limit, cursor=cursor)
    frame.answer(answer, lambda: _versions(answer["versions"], answer["next"]))


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@common
@click.pass_obj
def show(frame: Frame, reference: str) -> None:
    """Everything known of one version."""
    version = frame.open().show(reference)
    frame.answer(version, lambda: _whole(version))


def _artifacts(answer: dict[str, Any], filtered: bool) -> str:
    if not answer["artifacts"]:
        if filtered:
            return "No artifact matches."
        return "Nothing here yet. Add something: strongroom add FILE"
    rows = [
        [
            printable(a["name"]),
            a["kind"],
            a["latest"]["tag"],
            str(a["versions"]),
            size_text(a["latest"]["size"]),
            a["latest"]["created_at"][:19].replace("T", " "),
        ]
        for a in answer["artifacts"]
    ]
    return _more(
        table(
            ["NAME", "KIND", "LATEST", "VERSIONS", "SIZE", "CREATED (UTC)"], rows, frozenset({3, 4})
        ),
        answer["next"],
    )


def _versions(found: list[dict[str, Any]], following: str | None) -> str:
    if not found:
        return "No version matches."
    rows = [
        [
            v["tag"],
            v["content_digest"][7:15],
            v["kind"],
            size_text(v["size"]),
            v["run"] or "-",
            v["created_at"][:19].replace("T", " "),
            v["by"],
            " ".join(
                f"{k}={x:.6g}" if isinstance(x, float) else f"{k}={x}"
                for k, x in list(v["metrics"].items())[:3]
            ),
        ]
        for v in found
    ]
    return _more(
        table(
            ["VERSION", "DIGEST", "KIND", "SIZE", "RUN", "CREATED (UTC)", "BY", "METRICS"],
            rows,
            frozenset({3}),
        ),
        following,
    )


def _more(text: str, following: str | None) -> str:
    return f"{text}\nmore: --cursor {following}" if following else text


def _whole(v: dict[str, Any]) -> str:
    lines = [
        f"{printable(v['name'])}@{v['tag']}  {v['kind']}  {size_text(v['size'])}, "
        f"{counted(v['files'], 'file')}",
        f"content  {v['content_digest']}",
        f"record   {v['record_digest']}",
        f"created  {v['created_at']} by {v['by']}" + (f", run {v['run']}" if v["run"] else ""),
    ]
    if v["source"]:
        lines.append(f"source   {printable(v['source'])}")
    for title in ("metrics", "params", "labels"):
        if v[title]:
            lines.append(f"{title}:")
            lines += [f"  {printable(k)} = {printable(str(x))}" for k, x in v[title].items()]
    if v["inputs"]:
        lines += ["inputs:", *(f"  {printable(i)}" for i in v["inputs"])]
    for note in v["notes"]:
        lines.append(f"note     {printable(note['text'])} ({note['by']}, {note['at'][:19]})")
    for warning in v["warnings"]:
        lines.append(f"warning  {printable(warning)}")
    lines.append("files:")
    for file in v["manifest"]["files"][:200]:
        path = file.get("path") or f"(hex) {file['path_hex']}"
        lines.append(f"  {file['sha256'][:8]}  {size_text(file['size']):>10}  {printable(path)}")
    if v["files"] > 200:
        lines.append(f"  … and {v['files'] - 200} more: use --json")
    return "\n".join(lines)


COMMANDS = {"list": list_, "versions": versions, "show": show}
