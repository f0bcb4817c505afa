"""The limited child's side of `inspection`: reads requests from stdin, answers on stdout."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from array import array
from dataclasses import asdict
from typing import Any, BinaryIO

from strongroom.domain.facts import RunFacts
from strongroom.domain.record import found_values, series_summary
from strongroom.domain.secrets import masked, masked_text
from strongroom.extract.curve import MAX_TOGETHER, reduced
from strongroom.formats.source import Source, source_from_bytes, source_from_file
from strongroom.formats.text import without_torn_line
from strongroom.services.carried_series import packed

#: Audit events (PEP 578) that reading a file never needs; each is refused.
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "pickle.find_class",
    "ctypes.",
    "shutil.",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.kill",
)


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Forbidden(RuntimeError):
    """Something tried what the reading child may not do."""


#: Seconds between two signs of life during long work.
_TELL_EVERY = 0.1


def main(memory_limit: int, modules: tuple[str, ...] = ()) -> None:
    """Serves until stdin ends; `modules` are loaded before the limits hold."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not reach the protocol
    from strongroom import extract
    from strongroom.extract import deep, evaluation, layouts, tensor_change
    from strongroom.services import previews
    from strongroom.services.previews.request import Request

    with contextlib.suppress(ImportError):
        import yaml  # noqa: F401  imported before the limits: later, opening .py files is writing-free but slow
    for module in modules:
        importlib.import_module(module)
    _limit(memory_limit)
    requests = sys.stdin.buffer
    while length := requests.read(8):
        request = json.loads(requests.read(int.from_bytes(length, "big")))
        sources = [_source(piece, requests) for piece in request["pieces"]]
        columns: list[array[float]] = []
        if request["do"] == "run":
            answer, columns = run_answer(layouts, request["layout"], sources, request["most"])
        elif request["do"] == "preview":
            answer = previews.look(sources[0], Request(**request["request"]))
        elif request["do"] == "deep":
            answer = deep.look(sources[0])
        elif request["do"] == "evaluations":
            answer = {"found": [asdict(one) for one in evaluation.look(sources[0])]}
        elif request["do"] == "tensors":
            answer = tensors_answer(tensor_change, request, sources, answers)
        else:
            answer = describe_answer(extract, sources)
        _send(answers, answer, columns)


def describe_answer(extract: Any, sources: list[Source]) -> dict[str, Any]:
    described = extract.describe(sources)
    return {
        "kind": described.kind,
        "params": found_values(described.params),
        "metrics": found_values(described.metrics),
        "about": dict(described.about),
        "warnings": list(described.warnings),
    }


def tensors_answer(
    tensor_change: Any, request: dict[str, Any], sources: list[Source], answers: BinaryIO
) -> dict[str, Any]:
    """How the tensors of the first `split` files differ from those of the others; how many bytes
    are done is told on the way.
    """
    done, more, last = 0, 0, 0.0

    def tick(count: int, to_do: int) -> None:
        nonlocal done, more, last
        done, more = done + count, more + to_do
        if time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            _send(answers, {"told": [done, more]}, [])
            done = more = 0

    split = request["split"]
    same = [(i, j) for i, j in request["same"]]
    answer: dict[str, Any] = tensor_change.differences(sources[:split], sources[split:], same, tick)
    return answer


def _send(stream: BinaryIO, answer: dict[str, Any], columns: list[array[float]]) -> None:
    """The length of the JSON, the JSON, the length of what follows, and the columns."""
    data = json.dumps(answer).encode("utf-8", "surrogateescape")
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.write((8 * sum(map(len, columns))).to_bytes(8, "big"))
    for column in columns:
        stream.write(column)
    stream.flush()


def run_answer(
    layouts: Any, name: str, sources: list[Source], most: int | None
) -> tuple[dict[str, Any], list[array[float]]]:
    """A run's facts as JSON, and the columns of its curves (`carried_series`).

    With `most` all series together have about so many points at most, which look like the whole
    when drawn: a run that is going on is read again and again, and what is read is handed over.
    `summary` is of all points in any case. `inner` are the runs that the folder holds besides.
    """
    layout = next(one for one in layouts.LAYOUTS if one.name == name)
    by_path = {s.path: s for s in sources}
    facts = layouts.read_run(layouts.RunFolder(layout, "", tuple(by_path)), by_path.__getitem__)
    runs = [facts, *facts.inner]
    warnings, curves = list(facts.warnings), [run.series for run in runs]
    points = sum(len(one) for run in curves for one in run.values())
    if most or points > MAX_TOGETHER:
        each = max(200, min(most or MAX_TOGETHER, MAX_TOGETHER) // max(1, sum(map(len, curves))))
        if not most:
            warnings.append(f"Of its curves only {each} points each are kept, lowest and highest.")
        curves = [{key: reduced(one, each) for key, one in run.items()} for run in curves]
    head, columns = packed(curves)
    return {
        **_told(facts),
        "series": head,
        "best": list(facts.best),
        "warnings": warnings,
        "inner": [{**_told(run), "made": list(run.made)} for run in facts.inner],
    }, columns


def _told(facts: RunFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "params": found_values(facts.params),
        "metrics": found_values(facts.metrics),
        "summary": series_summary(facts.series),
        "inputs": [{**asdict(i), "target": masked_text(i.target)} for i in facts.inputs],
        "status": facts.status,
        "started_at": facts.started_at,
        "ended_at": facts.ended_at,
        "provenance": masked("", dict(facts.provenance)),
    }


def _source(piece: dict[str, Any], stream: BinaryIO) -> Source:
    if piece["file"] is not None:
        source = source_from_file(piece["path"], os.fsencode(piece["file"]))
        return without_torn_line(source) if piece["growing"] else source
    return source_from_bytes(piece["path"], stream.read(piece["size"]))


def _limit(memory_limit: int) -> None:
    drop_network()
    sys.dont_write_bytecode = True  # a module that is loaded later may not write its own
    for what, limit in (
        (resource.RLIMIT_AS, memory_limit),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (limit, limit))
    sys.setrecursionlimit(2000)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise Forbidden(f"{event} is not allowed while a file is read")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise Forbidden("writing is not allowed while a file is read")


def drop_network() -> None:
    """An empty network name space where the kernel lets us; the audit hook holds in any case."""
    import ctypes  # on every system before the hook holds: numpy loads it

    if sys.platform != "linux":
        return
    new_user, new_net = 0x10000000, 0x40000000
    ctypes.CDLL(None, use_errno=True).unshare(new_user | new_net)
