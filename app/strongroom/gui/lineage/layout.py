"""Where the cards of a graph stand: layers from left to right, edges round what lies between.

The layers, and the order within them that makes few edges cross, are those of fast-sugiyama. It
holds the interpreter while it works, so a larger graph is arranged in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strongroom.domain.errors import StrongroomError

CARD = (170, 78)
#: From card to card, in scene units (pixels at 100 %).
PITCH = (244, 104)
#: Larger graphs are arranged elsewhere, and without the last refinement, which takes long.
_HERE, _REFINED = 120, 600
_TIME_LIMIT = 30.0
#: Layers that all edges together may pass; beyond, keeping room for them takes very long.
_MOST_PASSED = 12_000
Point = tuple[float, float]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Placed:
    """Middles of the cards, and by `(start, end)` the middles of the gaps that an edge passes."""

    positions: dict[str, Point] = field(default_factory=dict)
    routes: dict[Pair, list[Point]] = field(default_factory=dict)


def arrange(nodes: Sequence[str], edges: Sequence[Pair]) -> Placed:
    """Blocks for up to a second or so: not for the window's thread. Raises `StrongroomError`."""
    if len(nodes) <= _HERE:
        return place(nodes, edges)
    root = str(Path(__file__).resolve().parents[3])
    code = (
        f"import sys; sys.path[:0] = [{root!r}]; "
        "from strongroom.gui.lineage.layout import main; main()"
    )
    try:
        child = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            input=json.dumps([list(nodes), list(edges)]).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
            cwd="/",
            timeout=_TIME_LIMIT,
            check=True,
        )
        positions, routes = json.loads(child.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise StrongroomError(
            "the graph could not be arranged", f"{len(nodes)} nodes", "show fewer steps of it"
        ) from error
    return Placed(
        {name: (x, y) for name, x, y in positions},
        {(start, end): [(x, y) for x, y in way] for start, end, way in routes},
    )


def main() -> None:
    """The child's side of `arrange`."""
    nodes, edges = json.load(sys.stdin.buffer)
    placed = place(nodes, [(start, end) for start, end in edges])
    answer = [
        [[name, *at] for name, at in placed.positions.items()],
        [[*pair, way] for pair, way in placed.routes.items()],
    ]
    sys.stdout.write(json.dumps(answer))


def place(nodes: Sequence[str], edges: Sequence[Pair]) -> Placed:
    """One part of the graph below the other, the largest first; single nodes come last."""
    layers = _layers(nodes, edges)
    passed = sum(max(0, abs(layers[end] - layers[start]) - 1) for start, end in edges)
    if passed > _MOST_PASSED:
        return _plainly(nodes, edges, layers)
    from fast_sugiyama._fast_sugiyama import _from_edges

    numbers = {name: number for number, name in enumerate(nodes)}
    pairs = sorted({(numbers[s], numbers[e]) for s, e in edges if s != e})
    placed = Placed()
    top = 0.0
    parts = (
        _from_edges(
            pairs,
            minimum_length=None,
            vertex_spacing=1,
            dummy_vertices=True,
            dummy_size=0.5,
            ranking_type="up",
            crossing_minimization=None,
            transpose=len(nodes) <= _REFINED,
            check_layout=None,
            encode_edges=True,
        )
        if pairs
        else []
    )
    for found, _, depth, steps in sorted(parts, key=lambda part: -len(part[0])):
        lowest = min((y for _, (y, _) in found), default=0.0)
        at = {
            number: ((depth - layer) * PITCH[0], top + (across - lowest) * PITCH[1])
            for number, (across, layer) in found
        }
        placed.positions.update((nodes[n], p) for n, p in at.items() if n < len(nodes))
        _route(placed, nodes, at, list(steps or ()))
        top = max(y for _, y in at.values()) + PITCH[1] * 1.5
    for name in nodes:
        if name not in placed.positions:
            placed.positions[name] = (0.0, top)
            top += PITCH[1]
    return placed


def _layers(nodes: Sequence[str], edges: Sequence[Pair]) -> dict[str, int]:
    """How far each node is from the sources by the longest way; within a circle by the first."""
    after: dict[str, list[str]] = {name: [] for name in nodes}
    waits = dict.fromkeys(nodes, 0)
    for start, end in edges:
        if start != end:
            after[start].append(end)
            waits[end] += 1
    layers = dict.fromkeys(nodes, 0)
    free = [name for name in nodes if not waits[name]]
    left = dict.fromkeys(nodes)
    while left:
        if not free:
            free.append(next(iter(left)))  # all that is left goes in circles
        name = free.pop()
        if name not in left:
            continue
        del left[name]
        for other in after[name]:
            if other in left:
                layers[other] = max(layers[other], layers[name] + 1)
                waits[other] -= 1
                if not waits[other]:
                    free.append(other)
    return layers


def _plainly(nodes: Sequence[str], edges: Sequence[Pair], layers: dict[str, int]) -> Placed:
    """Layers whose nodes stand by the middle of their neighbours (Sugiyama's barycentre), a few
    times to and fro; edges run straight. For graphs whose edges pass too many layers.
    """
    columns: dict[int, list[str]] = {}
    for name in nodes:
        columns.setdefault(layers[name], []).append(name)
    around: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in edges:
        around[start].append(end)
        around[end].append(start)
    height = {name: float(n) for column in columns.values() for n, name in enumerate(column)}
    order = sorted(columns)
    for layer in (*order, *reversed(order), *order):
        column = columns[layer]
        middles = {
            name: sum(height[o] for o in around[name]) / len(around[name])
            if around[name] else height[name]
            for name in column
        }  # fmt: skip
        column.sort(key=lambda name: middles[name])
        shift = sum(middles.values()) / len(column) - (len(column) - 1) / 2
        height.update({name: n + shift for n, name in enumerate(column)})
    lowest = min(height.values(), default=0.0)
    return Placed(
        {name: (layers[name] * PITCH[0], (height[name] - lowest) * PITCH[1]) for name in nodes}
    )


def _route(
    placed: Placed, nodes: Sequence[str], at: dict[int, Point], steps: Sequence[tuple[int, int]]
) -> None:
    """Follows each edge through the places that were held free for it."""
    after: dict[int, int] = {s: e for s, e in steps if s >= len(nodes)}
    for start, end in steps:
        if start >= len(nodes):
            continue
        way: list[Point] = []
        while end >= len(nodes) and end in after and len(way) < len(at):
            way.append(at[end])
            end = after[end]
        if way and end < len(nodes):
            placed.routes[nodes[start], nodes[end]] = way
