"""`strongroom doctor`."""

from __future__ import annotations

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import printable


@click.command()
@click.option("--rebuild", is_flag=True, help="Make the catalog again from store and journal.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@common
@click.pass_obj
def doctor(frame: Frame, rebuild: bool, fix: bool) -> int:
    """Check the registry's health. Exits 6 where something is damaged."""
    rebuilt = None
    if rebuild:
        from strongroom.bootstrap import rebuild_registry

        rebuilt = rebuild_registry(frame.path())
    answer = frame.open().doctor(fix)
    if rebuilt is not None:
        answer = {**answer, "rebuilt": rebuilt, "ok": answer["ok"] and not rebuilt["problems"]}
    lines = [
        f"{'ok ' if c['ok'] else 'BAD'}  {c['name']:10}  {printable(c['detail'])}"
        for c in answer["checks"]
    ]
    if rebuilt is not None:
        lines.append(f"the catalog was made again from {rebuilt['entries']} journal entries")
        lines += [f"not restored: {text}" for text in rebuilt["not_restored"]]
        lines += [f"BAD  {printable(text)}" for text in rebuilt["problems"]]
    frame.answer(answer, "\n".join(lines))
    return 0 if answer["ok"] else 6


COMMANDS = {"doctor": doctor}
