"""JSON, YAML and TOML: parameters, metrics or both, told by shape before name."""

from __future__ import annotations

import re
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract import jsonl
from strongroom.extract.conventions import (
    base,
    config_like,
    kind_by_name,
    metrics_like,
    sound_like_metrics,
)
from strongroom.extract.json_shapes import SHAPES
from strongroom.extract.jsonl import as_number
from strongroom.extract.reader import Reader
from strongroom.formats.document import flatten, read_json, read_toml, read_yaml
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import is_text

_MAX_JSON = 8 << 20
#: Its log grows with the training.
_MAX_STATE = 48 << 20
_MAX_OTHER = 4 << 20
_JSON = (".json", ".ipynb")
_YAML = (".yaml", ".yml")
_TOML = (".toml",)
_PARAM_KEYS = ("params", "parameters", "hyperparameters", "hparams", "config", "args")
_METRIC_KEYS = ("metrics", "results", "scores", "final_metrics")


def fits(source: Source) -> bool:
    name = base(source.path)
    if name.endswith((*_JSON, *_YAML, *_TOML)):
        return True
    return name == "mlmodel" or (
        "." not in name and source.head[:1] == b"{" and is_text(source.head)
    )


def read(source: Source) -> Facts:
    name = base(source.path)
    if name.endswith(_TOML):
        return _described(source, "toml", read_toml(source.read(_MAX_OTHER)))
    if name.endswith(_YAML) or name == "mlmodel":
        return _described(source, "yaml", read_yaml(source.read(_MAX_OTHER)))
    most = _MAX_STATE if name == "trainer_state.json" else _MAX_JSON
    if source.size > most:
        if name.startswith("tokenizer"):
            return Facts(Kind.CONFIG, "tokenizer")
        kind = Kind.MODEL if source.head.startswith(b'{"learner":{') else kind_by_name(source.path)
        said = f"It is larger than the {most >> 20} MiB that are read of a JSON file."
        return Facts(kind, "json", warnings=(said,))
    data = source.read(most)
    try:
        document = read_json(data)
    except Unreadable:
        if re.match(rb"\s*\{[^\n]*\}\r?\n\s*\{", source.head):
            return jsonl.read(source)  # JSON Lines under the name of JSON, as Detectron2 writes
        raise
    return _described(source, "json", document)


def _described(source: Source, form: str, document: Any) -> Facts:
    for shape in SHAPES:
        found = shape(source, document)
        if found is not None:
            return found
    if isinstance(document, list):
        return _records(source, form, document)
    if document is None:
        return Facts(kind_by_name(source.path), form)
    if not isinstance(document, dict):
        raise Unreadable("it holds no object of names and values")
    both = _params_and_metrics(form, document)
    if both is not None:
        return both
    flat = flatten(document)
    if _is_metrics(source, flat):
        return Facts(Kind.METRICS, form, metrics=_numbers(flat), about={"keys": list(flat)[:1000]})
    if form != "json" or config_like(source.path):
        return Facts(Kind.CONFIG, form, params=flat)
    return Facts(kind_by_name(source.path), form, about={"keys": list(document)[:1000]})


def _params_and_metrics(form: str, document: dict[str, Any]) -> Facts | None:
    """`{"params": {…}, "metrics": {…}}`, under the names that people use for them."""
    params = next((document[k] for k in _PARAM_KEYS if isinstance(document.get(k), dict)), None)
    metrics = next((document[k] for k in _METRIC_KEYS if isinstance(document.get(k), dict)), None)
    if params is None or metrics is None:
        return None
    found = _numbers(flatten(metrics))
    if metrics and not found:
        return None
    return Facts(Kind.METRICS, form, params=flatten(params), metrics=found)


def _numbers(flat: dict[str, Any]) -> dict[str, int | float]:
    found = {name: as_number(value) for name, value in flat.items() if name}
    return {name: value for name, value in found.items() if value is not None}


def _is_metrics(source: Source, flat: dict[str, Any]) -> bool:
    numbers = _numbers(flat)
    if not numbers:
        return metrics_like(source.path) and not config_like(source.path) and not flat
    if metrics_like(source.path) and not config_like(source.path):
        return True
    if config_like(source.path):
        return False
    return len(numbers) == len(flat) and sound_like_metrics(numbers)


def _records(source: Source, form: str, document: list[Any]) -> Facts:
    """A list of objects is a table; any other list says nothing that is kept."""
    if document and all(isinstance(item, dict) for item in document[:1000]):
        names: dict[str, None] = {}
        for item in document[:1000]:
            for name in item:
                names.setdefault(str(name))
        columns = [{"name": n, "type": ""} for n in list(names)[:5000]]
        return Facts(Kind.DATASET, form, about={"rows": len(document), "columns": columns})
    if config_like(source.path) or metrics_like(source.path):
        raise Unreadable("it holds a list where an object of names and values belongs")
    return Facts(kind_by_name(source.path), form, about={"items": len(document)})


reader = Reader("document", 1, fits, read)
