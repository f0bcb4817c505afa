"""`strongroom init`."""

from __future__ import annotations

import shlex

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import BadInput, printable


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False))
@click.option("--store", default="folder", metavar="folder", help="Where bytes lie.")
@click.option("--endpoint", help="Where the object store answers; needs --store s3://…")
@click.option("--catalog", default="sqlite", metavar="sqlite", help="What keeps the facts.")
@common
@click.pass_obj
def init(frame: Frame, folder: str | None, store: str, endpoint: str | None, catalog: str) -> None:
    """Make a registry in DIR, or where --registry and the settings point."""
    from strongroom.bootstrap import create_registry

    if store != "folder":
        raise BadInput("this version keeps bytes in a folder only", store, "leave --store out")
    if endpoint is not None:
        raise BadInput("only an object store has an endpoint", endpoint, "leave --endpoint out")
    if catalog != "sqlite":
        raise BadInput(
            "this version keeps its catalog in SQLite only", catalog, "leave --catalog out"
        )
    root = frame.path(folder)
    registry = create_registry(root, frame.settings, "cli")
    registry.close()
    frame.answer(
        {"registry": str(root), "store": "folder", "catalog": "sqlite"},
        f"A new registry is in {printable(str(root))}\n"
        f"Add something: strongroom --registry {shlex.quote(printable(str(root)))} add FILE",
    )


COMMANDS = {"init": init}
