"""Graphviz DOT: https://graphviz.org/doc/info/lang.html"""

from __future__ import annotations

from typing import Any

_STYLE = {"declared": "solid", "observed": "dashed", "inferred": "dotted"}


def write(graph: dict[str, Any]) -> str:
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for node in graph["nodes"]:
        title = node["name"] if node["type"] == "run" else f"{node['name']} {node['tag']}"
        shape = ", shape=ellipse" if node["type"] == "run" else ""
        lines.append(f"  {_text(node['id'])} [label={_text(title)}{shape}];")
    for edge in graph["edges"]:
        label = edge["rule"] or edge["relation"]
        lines.append(
            f"  {_text(edge['from'])} -> {_text(edge['to'])}"
            f" [style={_STYLE[edge['basis']]}, label={_text(label)}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def _text(value: str) -> str:
    """A quoted string; a backslash begins an escape in it."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
