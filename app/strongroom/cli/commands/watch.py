"""`strongroom watch`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import click

from strongroom.cli.completing import folders
from strongroom.cli.frame import Frame, common, table, writing_out
from strongroom.domain.errors import Busy, Cancelled, NoSpace, printable
from strongroom.domain.event import Event

#: Seconds in which further changes are gathered before one is looked at.
_GATHER = 0.1
_LONGEST_QUIET = 86400.0
#: Seconds between two looks whether a folder shall be watched still.
_LOOK_EVERY = 1.0
#: Seconds in which one waits for another watcher that is just ending.
_HANDOVER = 3.0
_TOLD_STATES = ("missing", "full", "paused", "polling", "elsewhere")
_STREAM = frozenset(
    {
        "version.created",
        "version.known",
        "watch.ignored",
        "watch.idle",
        "watch.state",
        "problem",
    }
)


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, shell_complete=folders)
@click.option("--name", help="Where the watched artifacts' names begin; else the folder's name.")
@click.option("--once", is_flag=True, help="Take what has settled, then end.")
@click.option("--quiet-time", type=float, metavar="S", help="Seconds a file must stand still.")
@click.option("--layout", metavar="NAME", help="Only this run layout.")
@click.option("--each", is_flag=True, help="Every file by itself, no run layouts.")
@click.option("--whole", is_flag=True, help="The folder as one artifact.")
@click.option(
    "--keep", type=click.Choice(["all", "best-last"]), help="Which checkpoints of a run are kept."
)
@click.option("--poll", is_flag=True, help="Look every few seconds instead of waiting for events.")
@click.option("--list", "listing", is_flag=True, help="The watched folders.")
@click.option(
    "--remove",
    metavar="DIR",
    shell_complete=folders,
    help="Stop watching this folder; what it made stays.",
)
@common
@click.pass_obj
def watch(
    frame: Frame,
    folders: tuple[str, ...],
    name: str | None,
    once: bool,
    quiet_time: float | None,
    layout: str | None,
    each: bool,
    whole: bool,
    keep: str | None,
    poll: bool,
    listing: bool,
    remove: str | None,
) -> None:
    """Add what settles in a folder, as it comes."""
    if sum((bool(folders), listing, remove is not None)) > 1:
        raise click.UsageError("--list, --remove and folders to watch do not go together")
    registry = frame.open()
    if listing:
        answer = registry.list_watches()
        frame.answer(answer, lambda: _list(answer))
        return
    if remove is not None:
        gone = registry.remove_watch(os.fsencode(remove))
        frame.answer({"watch": gone}, f"{printable(gone['path'])} is no longer watched")
        return
    if not folders:
        raise click.UsageError("name a folder to watch, or use --list or --remove")
    if name is not None and len(folders) > 1:
        raise click.UsageError("one --name cannot name several folders")
    if sum(map(bool, (each, whole, layout))) > 1:
        raise click.UsageError("--each, --whole and --layout do not go together")
    if quiet_time is not None and not 0 <= quiet_time <= _LONGEST_QUIET:
        raise click.UsageError(f"--quiet-time is a number from 0 to {_LONGEST_QUIET:.0f}")
    options: dict[str, Any] = {"name": name} if name is not None else {}
    if each or whole or layout:
        options["mode"] = "each" if each else "whole" if whole else "auto"
        options["layout"] = _known_layout(layout)
    if keep:
        options["keep"] = keep
    if poll:
        options["polling"] = True
    _watch(frame, [os.fsencode(f) for f in folders], options, once, quiet_time)


def _known_layout(layout: str | None) -> str:
    if not layout:
        return ""
    from strongroom.extract.layouts import LAYOUTS

    names = [one.name for one in LAYOUTS]
    if layout not in names:
        raise click.UsageError(f"there is no layout {layout}; there are {', '.join(names)}")
    return layout


def _watch(
    frame: Frame,
    folders: list[bytes],
    options: dict[str, Any],
    once: bool,
    quiet_time: float | None,
) -> None:
    from strongroom.services.progress import Progress
    from strongroom.services.watch_session import WatchSession
    from strongroom.services.watches import ensure
    from strongroom.worker.loop import timing_from

    settings = frame.settings
    frame.start_log()
    timing = timing_from(settings)
    if quiet_time is not None:
        timing = replace(timing, quiet_time=quiet_time)
    desk = frame.open().desk
    wake = threading.Event()
    tell = _teller(frame)
    sessions = [WatchSession(desk, ensure(desk, f, options), timing, tell, wake) for f in folders]
    opened = []
    progress = Progress()

    def stop(number: int, at: object) -> None:
        progress.cancel()  # what is just being taken is given up and taken the next time

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        for session in sessions:
            _open(session)
            opened.append(session)
        if once:
            _once(frame, sessions, progress)
        else:
            _on(list(sessions), progress, wake)
    except Cancelled:
        return
    finally:
        for session in opened:
            session.close()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _on(sessions: list[Any], progress: Any, wake: threading.Event) -> None:
    """Watches until it is stopped, or somebody removes or pauses the watch of every folder."""
    from strongroom.services.watches import still_wanted

    looked_at = time.monotonic()
    while sessions:
        for session in sessions:
            session.step(progress)
        progress.tick()
        if time.monotonic() - looked_at > _LOOK_EVERY:
            looked_at = time.monotonic()
            for session in [s for s in sessions if not still_wanted(s.desk, s.watch)]:
                sessions.remove(session)
                session.tell(_given_up(session))
            if not sessions:
                return
        if wake.wait(min(session.rest() for session in sessions)):
            time.sleep(_GATHER)  # what is written in one go is looked at in one go
            wake.clear()


def _open(session: Any) -> None:
    """Takes the lease, waiting a little for one that is just being given up."""
    deadline = time.monotonic() + _HANDOVER
    while True:
        try:
            session.open()
            return
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.25)


def _given_up(session: Any) -> Event:
    return Event(
        "watch.state",
        {
            "id": session.watch.id,
            "name": session.watch.name,
            "path": os.fsdecode(session.watch.root),
            "state": "paused",
            "detail": "it was removed, paused or given other options, so this watching ends",
        },
    )


def _once(frame: Frame, sessions: list[Any], progress: Any) -> None:
    from strongroom.services.watch_session import PATIENCE

    for session in sessions:
        session.step(progress, end_runs=True)  # takes what has settled, however long that takes
        deadline = time.monotonic() + PATIENCE
        while session.waits:
            if time.monotonic() > deadline and session.pending:
                left = [printable(os.fsdecode(p)) for p in sorted(session.unsettled())]
                _warn(frame, session, left)
                break
            progress.tick()
            session.wake.wait(min(session.rest(), 0.05))
            session.wake.clear()
            session.step(progress, end_runs=True)
        if session.is_full:
            raise NoSpace(
                "the disk is nearly full",
                os.fsdecode(session.watch.root),
                "free some space and watch again",
            )


def _warn(frame: Frame, session: Any, left: list[str]) -> None:
    for path in left:
        reason = "it was still being written after 30 s, so it was left for the next time"
        if frame.json:
            frame.line({"event": "watch.warning", "path": path, "reason": reason})
        else:
            frame.warn([f"{path}: {reason}"])


def _teller(frame: Frame) -> Any:
    def tell(event: Event) -> None:
        if event.name not in _STREAM:
            return
        if frame.json:
            frame.line({"event": event.name, **event.data})
        elif not frame.quiet:
            with writing_out():
                _say(event)

    return tell


def _say(event: Event) -> None:
    data = event.data
    if event.name in ("version.created", "version.known"):
        version = data["version"]
        mark = "+" if event.name == "version.created" else "="
        print(
            f"{mark} {printable(version['name'])}@{version['tag']}  {version['kind']}", flush=True
        )
    elif event.name == "watch.ignored":
        print(f"strongroom: left out: {data['path']}: {data['reason']}", file=sys.stderr)
    elif event.name == "problem":
        told = (data["message"], data["object"], data["hint"])
        print("strongroom: " + ": ".join(part for part in told if part), file=sys.stderr)
    elif event.name == "watch.state" and data["state"] in _TOLD_STATES and data["detail"]:
        print(f"strongroom: {printable(data['path'])}: {data['detail']}", file=sys.stderr)


def _list(answer: dict[str, Any]) -> str:
    if not answer["watches"]:
        return "No folder is watched. Watch one: strongroom watch DIR"
    rows = [[printable(w["name"]), w["state"], printable(w["path"])] for w in answer["watches"]]
    return table(["NAME", "STATE", "FOLDER"], rows)


COMMANDS = {"watch": watch}
