"""`strongroom label` and `note`."""

from __future__ import annotations

import click

from strongroom.cli.completing import references
from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import printable


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@click.argument("pair", metavar="K=V")
@common
@click.pass_obj
def label(frame: Frame, reference: str, pair: str) -> None:
    """Put the label K=V on a version."""
    key, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError("a label is written name=value")
    version = frame.open().label(reference, key, value)
    frame.answer(version, printable(f"{version['name']}@{version['tag']} {key}={value}"))


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@click.argument("text")
@common
@click.pass_obj
def note(frame: Frame, reference: str, text: str) -> None:
    """Add a note to a version."""
    version = frame.open().note(reference, text)
    frame.answer(version, printable(f"noted on {version['name']}@{version['tag']}"))


COMMANDS = {"label": label, "note": note}
