"""JSON, YAML and TOML read into plain values, tolerant of what tools write and bounded.

JSON: https://www.rfc-editor.org/rfc/rfc8259 with NaN and Infinity as Python's json writes them;
YAML 1.1: https://yaml.org/spec/1.1/; TOML: https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from strongroom.formats.source import Unreadable
from strongroom.formats.text import decode

_MAX_YAML_NODES = 100_000
_MAX_YAML_DEPTH = 64
_MAX_YAML_BYTES = 4 << 20
_MAX_TOML = 256 << 10
_MAX_DOTS = 1000
_MAX_FLAT = 20_000
_MAX_FLAT_DEPTH = 32


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float(text)


def read_json(data: bytes) -> Any:
    """Raises `Unreadable`; NaN and infinities are floats, a repeated key's last value wins."""
    try:
        return json.loads(decode(data), parse_int=_integer)
    except json.JSONDecodeError as why:
        raise Unreadable(
            f"it is not JSON: {why.msg} in line {why.lineno}, column {why.colno}"
        ) from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deep") from None
    except ValueError as why:
        raise Unreadable("it is not JSON") from why


def read_toml(data: bytes) -> dict[str, Any]:
    """Raises `Unreadable`; dates become ISO 8601 text."""
    text = decode(data)
    # the standard library's parser takes the square of a dotted key's length
    if len(text) > _MAX_TOML or any(line.count(".") > _MAX_DOTS for line in text.splitlines()):
        raise Unreadable("it is larger than what is read of TOML, or a line has thousands of dots")
    try:
        return _dated(tomllib.loads(text))  # type: ignore[no-any-return]
    except RecursionError:
        raise Unreadable("its TOML is nested too deep") from None
    except ValueError as why:
        raise Unreadable(f"it is not TOML: {str(why)[:200]}") from None


@functools.cache
def _yaml_loader() -> Any:
    """SafeLoader that gives unknown tags back as inert text and reads `1e-3` as a number."""
    import yaml

    class Inert(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    Inert.add_constructor(None, lambda loader, node: node.tag.replace("tag:yaml.org,2002:", "!!"))
    Inert.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z"),
        list("-+0123456789."),
    )
    return Inert


def read_yaml(data: bytes) -> Any:
    """The first document; raises `Unreadable` for damage, depth over 64 and alias expansion."""
    import yaml

    if len(data) > _MAX_YAML_BYTES:
        raise Unreadable(f"{len(data)} bytes are more than the {_MAX_YAML_BYTES} read of YAML")
    text = decode(data)
    loader = _yaml_loader()
    try:
        _check_size(yaml.parse(text, Loader=loader))
        documents = yaml.load_all(text, Loader=loader)
        return _dated(next(iter(documents), None))
    except yaml.MarkedYAMLError as why:
        mark = why.problem_mark
        where = f" in line {mark.line + 1}" if mark else ""
        raise Unreadable(f"it is not YAML: {why.problem or 'damaged'}{where}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as why:
        raise Unreadable(f"it is not YAML: {type(why).__name__}") from None


def _check_size(events: Iterator[Any]) -> None:
    """Counts the nodes as they would be with each alias written out, before anything is built."""
    import yaml

    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
            total += 1
            if len(open_nodes) > _MAX_YAML_DEPTH:
                raise Unreadable(f"its YAML is nested deeper than {_MAX_YAML_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.DocumentEndEvent):
            return  # later documents are not read
        if total > _MAX_YAML_NODES:
            raise Unreadable(f"its YAML has more than {_MAX_YAML_NODES} values or its aliases do")


def _dated(value: Any, depth: int = 0) -> Any:
    """Dates as ISO 8601 text, keys as text, sets and bytes as lists and text."""
    if depth > _MAX_YAML_DEPTH:
        raise Unreadable("it is nested too deep")
    if isinstance(value, dict):
        return {_key(k): _dated(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_dated(item, depth + 1) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"  # YAML 1.1 reads `on:` as a bool
    return "" if key is None else str(key)


def flatten(document: Any, prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted names; lists stay lists, empty objects vanish.

    Raises `Unreadable` beyond 20,000 values or 32 levels.
    """
    flat: dict[str, Any] = {}
    pending = [(prefix, document, 0)]
    while pending:
        name, value, depth = pending.pop()
        if isinstance(value, dict):
            if depth >= _MAX_FLAT_DEPTH:
                raise Unreadable("it is nested too deep")
            inner = [(f"{name}.{k}" if name else str(k), v, depth + 1) for k, v in value.items()]
            pending.extend(reversed(inner))
        else:
            flat[name] = value
        if len(flat) + len(pending) > _MAX_FLAT:
            raise Unreadable(f"it has more than {_MAX_FLAT} values")
    return flat
