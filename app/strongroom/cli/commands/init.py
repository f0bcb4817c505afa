"""`strongroom init`."""

from __future__ import annotations

from pathlib import Path

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import BadInput


@click.command()
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--store", default="folder", help="Where bytes lie: folder.")
@common
@click.pass_obj
def init(frame: Frame, folder: str | None, store: str) -> None:
    """Make a registry in DIR, or where --registry and the settings point."""
    from strongroom.bootstrap import create_registry

    if store != "folder":
        raise BadInput("this version keeps bytes in a folder only", store, "leave --store out")
    root = Path(folder).absolute() if folder else frame.path()
    registry = create_registry(root, frame.settings, "cli")
    registry.close()
    frame.answer(
        {"registry": str(root), "store": "folder", "catalog": "sqlite"},
        f"A new registry is in {root}\nAdd something: strongroom --registry {root} add FILE",
    )


COMMANDS = {"init": init}
