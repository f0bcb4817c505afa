"""`strongroom lineage`, `link` and `metric`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.completing import references, runs
from strongroom.cli.frame import Frame, common, counted, table
from strongroom.domain.errors import printable

if TYPE_CHECKING:
    from strongroom.services.local import LocalRegistry

_BASES = ("declared", "observed", "inferred")
#: Versions that a question waits for to be looked into.
_MOST_WAITED_FOR = 500
_FORMATS = ("json", "dot", "mermaid", "prov", "openlineage")


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@click.option("--up", is_flag=True, help="Only what it was made from.")
@click.option("--down", is_flag=True, help="Only what was made of it.")
@click.option("--depth", type=click.IntRange(min=0), help="At most so many steps.")
@click.option("--basis", "bases", type=click.Choice(_BASES), multiple=True, help="Only such edges.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Print the graph in a format.")
@click.option("--impact", is_flag=True, help="What would be doubtful if it were bad.")
@click.option("--check", is_flag=True, help="Whether all is known; exit 1 if something is missing.")
@click.option("--to", metavar="REF", shell_complete=references, help="The shortest way to REF.")
@click.option("--common", "other", metavar="REF", shell_complete=references,
              help="What both were made from.")  # fmt: skip
@common
@click.pass_obj
def lineage(
    frame: Frame,
    reference: str,
    up: bool,
    down: bool,
    depth: int | None,
    bases: tuple[str, ...],
    form: str | None,
    impact: bool,
    check: bool,
    to: str | None,
    other: str | None,
) -> int | None:
    """What a version (or run:ID) was made from, and what was made of it."""
    if sum(map(bool, (impact, check, to, other))) > 1:
        raise click.UsageError("ask for one of --impact, --check, --to and --common")
    registry = frame.open()
    _look_for_origins(frame, registry)
    if impact:
        found = registry.impact(reference)
        frame.answer(found, lambda: _impact(found))
        return None
    if check:
        found = registry.completeness(reference)
        frame.answer(found, lambda: _checks(found))
        return 0 if found["complete"] else 1
    if to is not None:
        found = registry.lineage_path(reference, to)
        frame.answer(found, lambda: _way(found))
        return None
    if other is not None:
        found = registry.common_origins(reference, other)
        frame.answer(found, lambda: _origins(found))
        return None
    both = up == down
    graph = registry.lineage(reference, up or both, down or both, depth, bases or _BASES)
    if form is None or form == "json" or frame.json:
        if form == "json":
            frame.line(graph)
        elif form is None:
            frame.answer(graph, lambda: _graph(graph))
        else:
            frame.line({"format": form, "text": _written(form, graph)})
        return None
    frame.answer({}, _written(form, graph).rstrip("\n"))
    return None


@click.command()
@click.argument("reference", metavar="[REF]", required=False, shell_complete=references)
@click.option("--from", "source", metavar="REF", shell_complete=references,
              help="The version that REF was made from.")  # fmt: skip
@click.option("--run", metavar="ID", shell_complete=runs, help="The run that made REF.")
@click.option("--reason", default="", help="Why this is so.")
@click.option("--confirm", "decision", flag_value="confirmed", help="What was inferred is right.")
@click.option("--refuse", "decision", flag_value="refused", help="What was inferred is wrong.")
@click.option("--reopen", "decision", flag_value="open", help="Take such a decision back.")
@click.option("--openlineage", "events", type=click.Path(path_type=Path), metavar="FILE",
              help="Declare what OpenLineage events tell, one JSON event a line.")  # fmt: skip
@common
@click.pass_obj
def link(
    frame: Frame,
    reference: str | None,
    source: str | None,
    run: str | None,
    reason: str,
    decision: str | None,
    events: Path | None,
) -> None:
    """Declare what a version was made from, or decide on what was inferred."""
    if (reference is None) == (events is None):
        raise click.UsageError("name a version, or a file with --openlineage")
    registry = frame.open()
    if events is not None:
        taken = registry.take_lineage(events)
        frame.warn([f"{one['name']}: {one['why']}" for one in taken["unknown"]])
        frame.answer(taken, lambda: _taken(taken))
        return
    assert reference is not None
    if decision is not None:
        if source is None or run is not None:
            raise click.UsageError("say with --from REF which inferred edge is meant")
        _look_for_origins(frame, registry)
        decided = registry.decide_link(reference, source, decision)["edges"][0]
        frame.answer(decided, f"{printable(_arrow(decided))}: {decision}")
        return
    edge = registry.link(reference, source, run, reason)
    frame.answer(edge, printable(_arrow(edge)))


@click.command()
@click.argument("name", required=False)
@click.option("--better", type=click.Choice(("higher", "lower", "default")),
              help="Which way NAME is better; default: as its name says.")  # fmt: skip
@common
@click.pass_obj
def metric(frame: Frame, name: str | None, better: str | None) -> None:
    """Which way metrics are better in this registry, where their names do not say it."""
    registry = frame.open()
    if (name is None) != (better is None):
        raise click.UsageError("name a metric together with --better")
    if name is None or better is None:
        found = registry.metric_directions()
    else:
        found = registry.direct_metric(name, None if better == "default" else better)
    rows = [[printable(metric), direction] for metric, direction in found.items()]
    frame.answer(
        {"metrics": found},
        lambda: table(["METRIC", "BETTER"], rows) if rows else "All metrics go by their names.",
    )


def _look_for_origins(frame: Frame, registry: LocalRegistry) -> None:
    """Of what was added since; after a change of the catalog all versions wait, and that is left
    to the worker.
    """
    looked = registry.catch_up(frame.progress("looking for origins"), _MOST_WAITED_FOR)
    if looked == _MOST_WAITED_FOR:
        frame.warn(["not all versions are looked into yet: run `strongroom worker --once`"])


def _taken(taken: dict[str, Any]) -> str:
    lines = [printable(_arrow(edge)) for edge in taken["edges"]]
    if taken["known"]:
        lines.append(f"{counted(taken['known'], 'edge')} known before")
    return "\n".join(lines) or "Nothing in it is known here."


def _written(form: str, graph: dict[str, Any]) -> str:
    from strongroom.services.lineage_formats import FORMATS

    return FORMATS[form](graph)


def _graph(graph: dict[str, Any]) -> str:
    if not graph["edges"]:
        return f"No links of {printable(graph['root'])} are known."
    nodes = {node["id"]: node for node in graph["nodes"]}
    rows = [
        [
            printable(_title(nodes[edge["from"]])),
            edge["relation"],
            printable(_title(nodes[edge["to"]])),
            edge["basis"],
            printable(_why(edge)),
        ]
        for edge in graph["edges"]
    ]
    text = table(["FROM", "", "TO", "BASIS", "WHY"], rows)
    return f"{text}\n{graph['more']} more nodes are not shown" if graph["more"] else text


def _title(node: dict[str, Any]) -> str:
    return f"run {node['name']}" if node["type"] == "run" else str(node["id"])


def _why(edge: dict[str, Any]) -> str:
    if edge["basis"] != "inferred":
        return str(edge["reason"])
    said = f", {edge['decision']}" if edge["decision"] else ""
    return f"{edge['rule']} ({edge['confidence']:.0%}{said}): {edge['reason']}"


def _arrow(edge: dict[str, Any]) -> str:
    return f"{edge['from']} -> {edge['to']}"


def _impact(found: dict[str, Any]) -> str:
    if not found["nodes"]:
        return "Nothing was made of it."
    kinds = ", ".join(counted(count, kind) for kind, count in found["by_kind"].items())
    lines = [f"{counted(found['versions'], 'version')} ({kinds}), {counted(found['runs'], 'run')}:"]
    lines += [f"  {printable(_title(node))}" for node in found["nodes"]]
    left = found["versions"] + found["runs"] - len(found["nodes"])
    return "\n".join([*lines, f"  … and {left} more"] if left else lines)


def _checks(found: dict[str, Any]) -> str:
    lines = []
    for check in found["checks"]:
        mark = "ok     " if check["ok"] else "missing"
        detail = f"  {printable(check['detail'])}" if check["detail"] else ""
        lines.append(f"{mark}  {check['name']}{detail}")
        if check["missing"]:
            lines.append(f"         {check['missing']}")
    return "\n".join(lines)


def _way(found: dict[str, Any]) -> str:
    if not found["nodes"]:
        return "There is no way between the two."
    return "\n".join(printable(_title(node)) for node in found["nodes"])


def _origins(found: dict[str, Any]) -> str:
    if not found["nodes"]:
        return "They have nothing in common."
    return "\n".join(printable(_title(node)) for node in found["nodes"])


COMMANDS = {"lineage": lineage, "link": link, "metric": metric}
