"""Lineage for other tools: one module a format, in a table. Each takes the graph of
`services/lineage.py` and answers with text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.services.lineage_formats import dot, mermaid, openlineage, prov

Document = dict[str, Any]

FORMATS: dict[str, Callable[[Document], str]] = {
    "dot": dot.write,
    "mermaid": mermaid.write,
    "prov": prov.write,
    "openlineage": openlineage.write,
}
