"""Executed notebooks: what their code sets, reads and writes, and the metrics that they print.

Format: https://nbformat.readthedocs.io/en/latest/format_description.html. The code is parsed and
never run. Only what stands at its top level counts, and only a printed number that has the name of
a metric right before it.
"""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Iterator
from typing import Any

from strongroom.domain.facts import Facts, Found, InputHint, Kind, Number, RunFacts, RunStatus
from strongroom.extract.conventions import METRIC_WORDS
from strongroom.formats.number import is_number, parse_number
from strongroom.formats.source import Source
from strongroom.formats.text import visible

_NAME, _VERSION = "notebook", 1
_MAX_CELLS = 5000
_MAX_CODE = 64 << 10
_MAX_ALL_CODE = 2 << 20
_MAX_TEXT = 64 << 10
_MAX_FOUND = 500
_READS = frozenset({
    "read_csv", "read_table", "read_parquet", "read_json", "read_excel", "read_feather",
    "read_pickle", "read_hdf", "read_sql", "scan_csv", "scan_parquet", "load", "loadtxt",
    "genfromtxt", "load_dataset", "load_from_disk", "load_model", "from_pretrained", "imread",
    "ImageFolder", "open",
})  # fmt: skip
_WRITES = frozenset({
    "dump", "save", "savez", "savetxt", "to_csv", "to_parquet", "to_json", "to_excel",
    "to_feather", "to_pickle", "save_model", "save_pretrained", "save_weights", "save_file",
    "savefig", "export",
})  # fmt: skip
#: `accuracy: 0.98`, `Test accuracy = 98.2%`, `val_loss 0.31`
_PRINTED = re.compile(
    r"(?<![\w.])([A-Za-z][A-Za-z0-9_@/-]*(?: [A-Za-z][A-Za-z0-9_@/-]*){0,2})\s*(?:[:=]|\s)\s*"
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf|-inf)(%?)(?![\w.])",
    re.I,
)


def notebook(source: Source, document: Any) -> Facts | None:
    """A shape of `json_shapes`: None for what is no notebook."""
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return None
    if not is_number(document.get("nbformat")):
        return None
    cells = [c for c in document["cells"][:_MAX_CELLS] if isinstance(c, dict)]
    code = [c for c in cells if c.get("cell_type") == "code"]
    executed = [c for c in code if is_number(c.get("execution_count"))]
    about: dict[str, Any] = {"cells": len(document["cells"]), "executed": len(executed)}
    run = _run(source, document, executed) if executed else None
    if run is None:
        return Facts(Kind.OTHER, "notebook", about=about)
    if run.provenance.get("error"):
        about["error"] = run.provenance["error"]
    return Facts(
        Kind.OTHER,
        "notebook",
        params={name: found.value for name, found in run.params.items()},
        metrics={name: found.value for name, found in run.metrics.items()},
        about=about,
        runs=(run,),
    )


def _run(source: Source, document: dict[str, Any], cells: list[dict[str, Any]]) -> RunFacts | None:
    """None for a notebook that neither printed a metric nor wrote anything."""
    told = _Code()
    metrics: dict[str, Number] = {}
    error = ""
    left = _MAX_ALL_CODE
    for cell in cells:
        text = _joined(cell.get("source"))[: min(_MAX_CODE, max(0, left))]
        left -= len(text)
        told.take(text)
        for output in _list(cell.get("outputs")):
            if output.get("output_type") == "error":
                error = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"[:500]
            else:
                _take_printed(_text_of(output), metrics)
    if not metrics and not told.writes:
        return None
    times = [time for cell in cells for time in _times(cell)]
    provenance: dict[str, Any] = {"notebook": source.path}
    language = document.get("metadata")
    language = language.get("language_info") if isinstance(language, dict) else None
    if isinstance(language, dict):
        name, version = (str(language.get(key) or "")[:50] for key in ("name", "version"))
        provenance[name if name == "python" else "language"] = version or name
    if error:
        provenance["error"] = error
    return RunFacts(
        name=source.name,
        params={k: Found(v, source.path, _NAME, _VERSION) for k, v in told.settings.items()},
        metrics={k: Found(v, source.path, _NAME, _VERSION) for k, v in metrics.items()},
        inputs=tuple(
            InputHint(target, source.path, f"{source.name}: {name}()")
            for target, name in told.reads.items()
        ),
        status=RunStatus.FAILED if error else RunStatus.FINISHED,
        started_at=min(times, default=None),
        ended_at=max(times, default=None),
        provenance=provenance,
        made=tuple(told.writes),
    )


class _Code:
    """Settings, and files read and written, as the cells name them; a later one wins."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.reads: dict[str, str] = {}
        self.writes: dict[str, str] = {}

    def take(self, text: str) -> None:
        lines = ("" if line.lstrip()[:1] in ("%", "!", "?") else line for line in text.split("\n"))
        try:
            tree = ast.parse("\n".join(lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self._assigned(statement.targets[0], statement.value)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._called(node)

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            if len(target.elts) == len(value.elts):
                for one, its in zip(target.elts, value.elts, strict=True):
                    self._assigned(one, its)
            return
        if not isinstance(target, ast.Name) or target.id.startswith("_"):
            return
        literal = _literal(value)
        if literal is None or len(self.settings) >= _MAX_FOUND:
            self.settings.pop(target.id, None)
        else:
            self.settings[target.id] = literal

    def _called(self, call: ast.Call) -> None:
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
        paths = [t for t in texts if isinstance(t, str) and 0 < len(t) <= 1024 and "\n" not in t]
        if not paths:
            return
        writes = name in _WRITES or (name == "open" and paths[1:] and paths[1][:1] in "wax")
        found = self.writes if writes else self.reads if name in _READS else None
        if found is not None and len(found) < _MAX_FOUND:
            found.setdefault(paths[0], str(name))


def _literal(value: ast.expr) -> Any:
    """A number, text or bool; None for anything else."""
    sign = 1
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        sign, value = -1, value.operand
    if not isinstance(value, ast.Constant):
        return None
    found = value.value
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return sign * found
    if isinstance(found, bool) or (isinstance(found, str) and len(found) <= 1000):
        return found if sign == 1 else None
    return None


def _take_printed(text: str, metrics: dict[str, Number]) -> None:
    """The last value of each name that holds a metric's word; `98 %` is 0.98."""
    for line in text[-_MAX_TEXT:].splitlines():
        for words, number, percent in _PRINTED.findall(visible(line[:2000])):
            name = words.strip().lower().replace(" ", "_")
            value = parse_number(number)
            parts = re.split(r"[_@/-]", name)
            if value is None or not any(word in METRIC_WORDS for word in (name, *parts)):
                continue
            if name in metrics or len(metrics) < _MAX_FOUND:
                metrics[name] = value / 100 if percent else value


def _text_of(output: dict[str, Any]) -> str:
    if output.get("output_type") == "stream":
        return _joined(output.get("text"))
    data = output.get("data")
    return _joined(data.get("text/plain")) if isinstance(data, dict) else ""


def _joined(value: Any) -> str:
    """Text, which notebooks may keep as a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _times(cell: dict[str, Any]) -> Iterator[float]:
    """When the kernel began and ended with the cell, where the notebook kept it."""
    metadata = cell.get("metadata")
    execution = metadata.get("execution") if isinstance(metadata, dict) else None
    for key in ("iopub.execute_input", "shell.execute_reply"):
        text = execution.get(key) if isinstance(execution, dict) else None
        if isinstance(text, str):
            try:
                yield datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
            except (ValueError, OverflowError):
                continue
