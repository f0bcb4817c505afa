"""`strongroom gc`."""

from __future__ import annotations

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.quantities import size_text


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted.")
@common
@click.pass_obj
def gc(frame: Frame, dry_run: bool) -> None:
    """Delete stored bytes that nothing has referred to for a day."""
    answer = frame.open().collect(dry_run)
    verb = "would be deleted" if dry_run else "deleted"
    frame.answer(
        answer,
        f"{answer['deleted']} stored files {verb}, "
        f"{size_text(answer['freed_bytes'])}; {answer['waiting']} wait their day",
    )


COMMANDS = {"gc": gc}
