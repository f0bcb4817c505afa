"""`strongroom worker`."""

from __future__ import annotations

import signal

import click

from strongroom.cli.commands.watch import _teller
from strongroom.cli.frame import Frame, common


@click.command()
@click.option("--once", is_flag=True, help="Do all that is due, then end.")
@common
@click.pass_obj
def worker(frame: Frame, once: bool) -> None:
    """Do queued jobs and watch all registered folders, as the window's worker does."""
    from strongroom.worker.loop import Worker

    settings = frame.settings
    frame.start_log()
    loop = Worker(frame.open("worker"), settings, _teller(frame))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.ask_to_stop())
    if once:
        loop.run_once()
    else:
        loop.run()


COMMANDS = {"worker": worker}
