"""`strongroom add`."""

from __future__ import annotations

import os
from typing import Any

import click

from strongroom.cli.completing import references, runs
from strongroom.cli.frame import Frame, common, table
from strongroom.cli.pairs import metric_pairs, param_pairs
from strongroom.domain.errors import printable
from strongroom.domain.quantities import size_text

KINDS = ["model", "dataset", "config", "metrics", "log", "other"]


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(readable=False)
)
@click.option("--name", help="The artifact's name; else the file's or folder's own.")
@click.option("--kind", type=click.Choice(KINDS), help="What it is; else content tells.")
@click.option("--run", metavar="ID", shell_complete=runs, help="The run that made it.")
@click.option("--param", "params", metavar="K=V", multiple=True, help="A parameter to record.")
@click.option("--metric", "metrics", metavar="K=V", multiple=True, help="A final metric to record.")
@click.option(
    "--input",
    "inputs",
    metavar="REF",
    multiple=True,
    shell_complete=references,
    help="What it was made from.",
)
@click.option("--meta", metavar="K=V", multiple=True, help="Anything else to seal with it.")
@click.option("--note", default="", help="A remark, kept beside the version.")
@click.option("--each", is_flag=True, help="One version for each file of a folder.")
@click.option("--new-version", is_flag=True, help="Make a version even of content it has already.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; store nothing.")
@common
@click.pass_obj
def add(
    frame: Frame,
    paths: tuple[str, ...],
    name: str | None,
    kind: str | None,
    run: str | None,
    params: tuple[str, ...],
    metrics: tuple[str, ...],
    inputs: tuple[str, ...],
    meta: tuple[str, ...],
    note: str,
    each: bool,
    new_version: bool,
    dry_run: bool,
) -> None:
    """Version files or folders. A folder becomes one version, unless a layout splits it."""
    from strongroom.domain.facts import Kind
    from strongroom.services.add import AddOptions

    options = AddOptions(
        name=name,
        kind=Kind(kind) if kind else None,
        run=run,
        params=param_pairs(params),
        metrics=metric_pairs(metrics),
        inputs=inputs,
        meta=param_pairs(meta),
        note=note,
        each=each,
        new_version=new_version,
    )
    progress = frame.progress("adding")
    answer = frame.open().add([os.fsencode(p) for p in paths], options, progress, dry_run)
    for version in answer["versions"]:
        frame.warn(version["warnings"])
    frame.answer(answer, lambda: _text(answer))


def _text(answer: dict[str, Any]) -> str:
    rows = [
        [
            printable(v["name"]),
            v["tag"] or "-",
            v["kind"] or "-",
            size_text(v["size"]),
            str(v["files"]),
            v["content_digest"][7:15],
            "new" if v["created"] else "there already",
        ]
        for v in answer["versions"]
    ]
    return table(
        ["NAME", "VERSION", "KIND", "SIZE", "FILES", "DIGEST", ""], rows, frozenset({3, 4})
    )


COMMANDS = {"add": add}
