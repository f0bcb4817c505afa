"""Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html"""

from __future__ import annotations

from typing import Any

_ARROW = {"declared": "-->", "observed": "-.->", "inferred": "-.->"}


def write(graph: dict[str, Any]) -> str:
    """Nodes are numbered, for an id may hold what the syntax means something by."""
    numbers = {node["id"]: f"n{at}" for at, node in enumerate(graph["nodes"])}
    lines = ["flowchart LR"]
    for node in graph["nodes"]:
        title = node["name"] if node["type"] == "run" else f"{node['name']} {node['tag']}"
        left, right = ("([", "])") if node["type"] == "run" else ("[", "]")
        lines.append(f'  {numbers[node["id"]]}{left}"{_text(title)}"{right}')
    for edge in graph["edges"]:
        label = edge["relation"] if edge["basis"] != "inferred" else f"{edge['rule']}?"
        start, end = numbers[edge["from"]], numbers[edge["to"]]
        lines.append(f'  {start} {_ARROW[edge["basis"]]}|"{_text(label)}"| {end}')
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """Within quotes: what could end them or be markup, as an entity code."""
    return "".join(
        c if c.isalnum() or c in " -_./@:=+,()" else f"#{ord(c)};" for c in value if c.isprintable()
    )
