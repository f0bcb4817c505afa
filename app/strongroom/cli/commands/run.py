"""`strongroom run`."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.commands.find import FILTER_HELP
from strongroom.cli.completing import runs
from strongroom.cli.frame import FilterCommand, Frame, common, filter_text, table
from strongroom.cli.pairs import param_pairs
from strongroom.domain.errors import printable


@click.group(no_args_is_help=False)
@common
def run() -> None:
    """Runs: executions that read and made versions."""


@run.command("list", cls=FilterCommand, epilog=FILTER_HELP)
@click.argument("terms", metavar="[FILTER]", nargs=-1)
@click.option("--limit", type=int, default=100, show_default=True)
@click.option("--cursor", help="The `next` of the page before.")
@common
@click.pass_obj
def list_(frame: Frame, terms: tuple[str, ...], limit: int, cursor: str | None) -> None:
    """Runs, latest start first."""
    registry = frame.open()
    registry.look_for_lost_runs()
    answer = registry.list_runs(filter_text(terms), limit, cursor)
    frame.answer(answer, lambda: _runs(answer))


@run.command("show")
@click.argument("id_", metavar="ID", shell_complete=runs)
@click.option("--series", is_flag=True, help="With every point of its curves.")
@common
@click.pass_obj
def show(frame: Frame, id_: str, series: bool) -> None:
    """Everything known of one run."""
    registry = frame.open()
    registry.look_for_lost_runs()
    answer = registry.show_run(id_, series)
    frame.answer(answer, lambda: _run(answer["run"]))


@run.command("start")
@click.option("--id", "id_", metavar="ID", help="An id of your own; else one is made.")
@click.option("--name", default="", help="What the run is called.")
@click.option("--param", "params", metavar="K=V", multiple=True)
@common
@click.pass_obj
def start(frame: Frame, id_: str | None, name: str, params: tuple[str, ...]) -> None:
    """Begin a run; prints its id."""
    answer = frame.open().start_run(id_, name, param_pairs(params))
    frame.answer(answer, answer["run"]["id"])


@run.command("finish")
@click.argument("id_", metavar="ID", shell_complete=runs)
@click.option("--failed", is_flag=True, help="It did not succeed.")
@common
@click.pass_obj
def finish(frame: Frame, id_: str, failed: bool) -> None:
    """End a run; its growing files are then versioned."""
    answer = frame.open().finish_run(id_, failed)
    frame.answer(answer, f"{printable(answer['run']['id'])} {answer['run']['status']}")


def _runs(answer: dict[str, Any]) -> str:
    if not answer["runs"]:
        return "No runs."
    rows = [
        [
            r["id"],
            printable(r["name"]),
            r["status"],
            str(len(r["outputs"])),
            r["started_at"][:19].replace("T", " "),
            _few(r["metrics"]),
        ]
        for r in answer["runs"]
    ]
    text = table(
        ["ID", "NAME", "STATUS", "OUTPUTS", "STARTED (UTC)", "METRICS"], rows, frozenset({3})
    )
    return f"{text}\nmore: --cursor {answer['next']}" if answer["next"] else text


def _few(values: dict[str, Any]) -> str:
    return " ".join(
        f"{k}={v:.6g}" if isinstance(v, float) else f"{k}={v}" for k, v in list(values.items())[:3]
    )


def _run(r: dict[str, Any]) -> str:
    lines = [
        f"{r['id']}  {printable(r['name'])}  {r['status']}",
        f"started {r['started_at']}, ended {r['ended_at'] or 'not yet'}",
    ]
    for title in ("params", "metrics"):
        if r[title]:
            lines += [
                f"{title}:",
                *(f"  {printable(k)} = {printable(str(v))}" for k, v in r[title].items()),
            ]
    if r["series"]:
        lines.append("series:")
    for name, curve in r["series"].items():
        lines.append(f"  {printable(name)}: {curve['points']} points, last {curve['last']}")
        lines += [
            f"    {step if step is not None else '-'}  {value}"
            for step, value in zip(curve.get("steps", ()), curve.get("values", ()), strict=True)
        ]
    for title in ("inputs", "outputs"):
        if r[title]:
            lines += [f"{title}:", *(f"  {printable(ref)}" for ref in r[title])]
    lines += [f"warning  {printable(w)}" for w in r["warnings"]]
    return "\n".join(lines)


COMMANDS = {"run": run}
