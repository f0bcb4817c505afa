"""`strongroom doctor`."""

from __future__ import annotations

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import printable


@click.command()
@click.option("--rebuild", is_flag=True, help="Make the catalog again from store and journal.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@click.option(
    "--accept-loss",
    is_flag=True,
    help="With --rebuild: go on without what cannot be read any more, or contradicts the rest.",
)
@common
@click.pass_obj
def doctor(frame: Frame, rebuild: bool, fix: bool, accept_loss: bool) -> int:
    """Check the registry's health. Exits 6 where something is damaged."""
    from strongroom.bootstrap import diagnose, rebuild_registry

    if accept_loss and not rebuild:
        raise click.UsageError("--accept-loss goes with --rebuild")
    rebuilt = rebuild_registry(frame.path(), accept_loss=accept_loss) if rebuild else None
    answer = diagnose(frame.path(), frame.settings, "cli", fix)
    if rebuilt is not None:
        answer = {**answer, "rebuilt": rebuilt, "ok": answer["ok"] and not rebuilt["problems"]}
    lines = [
        f"{'ok ' if c['ok'] else 'BAD'}  {c['name']:10}  {printable(c['detail'])}"
        for c in answer["checks"]
    ]
    if rebuilt is not None:
        lines.append(f"the catalog was made again from {rebuilt['entries']} journal entries")
        lines += [f"not restored: {text}" for text in rebuilt["not_restored"]]
        lines += [f"kept aside: {printable(path)}" for path in rebuilt["kept"]]
        lines += [
            f"BAD  entries {a} to {b} are told by nothing any more" for a, b in rebuilt["lost"]
        ]
        lines += [f"BAD  {printable(text)}" for text in rebuilt["problems"]]
    frame.answer(answer, "\n".join(lines))
    return 0 if answer["ok"] else 6


COMMANDS = {"doctor": doctor}
