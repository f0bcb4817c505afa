"""W&B's offline runs: config, history, summary and where it ran, out of run-ID.wandb.

The file is what `wandb sync` would send to W&B's service; none is asked.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from strongroom.domain.facts import Facts, Found, InputHint, Kind, RunFacts, RunStatus
from strongroom.domain.secrets import masked_command
from strongroom.extract.curve import Curves, finals, series, thinning
from strongroom.extract.jsonl import as_number
from strongroom.extract.reader import Reader
from strongroom.formats import wandb
from strongroom.formats.document import flatten
from strongroom.formats.number import is_number, parse_number
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.wire import LEN, VARINT, Field, fields, signed

_MAX_NAMES = 5000
_MAX_ARTIFACTS = 200
_MAX_FILES = 100
_NAME, _VERSION = "wandb", 1
#: Fields of EnvironmentRecord (26) that are text, by what they are called in provenance.
_ENVIRONMENT = {
    1: "os", 2: "python", 4: "docker", 12: "host", 13: "user", 14: "executable", 18: "gpu",
    25: "cuda",
}  # fmt: skip


def fits(source: Source) -> bool:
    return wandb.plausible(source.head)


class _Run:
    """What the records told so far."""

    def __init__(self) -> None:
        self.name = self.project = self.run_id = ""
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.curves = Curves()
        self.provenance: dict[str, Any] = {}
        self.artifacts: list[dict[str, Any]] = []
        self.used: list[str] = []
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.status: RunStatus | None = None
        self.records = 0

    def take(self, data: bytes) -> None:
        for f in fields(data):
            handler = _HANDLERS.get(f.number)
            if handler is not None and f.wire == LEN:
                handler(self, data, f)
        self.records += 1

    def history(self, data: bytes, at: Field) -> None:
        step: int | float | None = None
        time: float | None = None
        points: list[tuple[str, int | float]] = []
        for f in fields(data, at.start, at.size):
            if f.number == 2 and f.wire == LEN:
                step = _number_in(data, f, 1)
            elif f.number == 1 and f.wire == LEN:
                name, text = _item(data, f)
                if name.startswith("_") and name not in ("_step", "_timestamp"):
                    continue
                value = parse_number(text) if text[:1] not in ('"', "{", "[") else _word(text)
                if value is None:
                    continue
                if name == "_step":
                    step = value
                elif name == "_timestamp":
                    time = float(value)
                else:
                    points.append((name, value))
        for name, value in points:
            if name in self.curves or len(self.curves) < _MAX_NAMES:
                self.curves[name].add(step, value, time)
        if time is not None:
            self.ended_at = time

    def set_config(self, data: bytes, at: Field) -> None:
        _update(self.config, data, at)

    def set_summary(self, data: bytes, at: Field) -> None:
        _update(self.summary, data, at)

    def set_run(self, data: bytes, at: Field) -> None:
        texts: dict[int, str] = {}
        tags: list[str] = []
        for f in fields(data, at.start, at.size):
            if f.wire != LEN:
                continue
            if f.number == 4:
                _update(self.config, data, f)
            elif f.number == 5:
                _update(self.summary, data, f)
            elif f.number == 10:
                tags.append(_text(data, f))
            elif f.number == 17:
                self.started_at = _timestamp(data, f)
            elif f.number == 21:
                self._git(data, f)
            elif f.number in (1, 3, 6, 7, 8, 9, 12, 13):
                texts[f.number] = _text(data, f)
        self.run_id, self.name = texts.get(1, self.run_id), texts.get(8, self.name)
        known = {
            "run_id": texts.get(1), "project": texts.get(3), "group": texts.get(6),
            "job_type": texts.get(7), "notes": texts.get(9), "sweep": texts.get(12),
            "host": texts.get(13),
        }  # fmt: skip
        self.provenance |= {key: value for key, value in known.items() if value}
        if tags:
            self.provenance["tags"] = tags[:_MAX_FILES]

    def environment(self, data: bytes, at: Field) -> None:
        script, arguments = "", list[str]()
        for f in fields(data, at.start, at.size):
            if f.number == 6 and f.wire == LEN:
                script = _text(data, f)
            elif f.number in _ENVIRONMENT and f.wire == LEN:
                self.provenance[_ENVIRONMENT[f.number]] = _text(data, f)
            elif f.number == 5 and f.wire == LEN:
                arguments.append(_text(data, f))
            elif f.number == 9 and f.wire == LEN:
                self._git(data, f)
            elif f.number in (17, 19) and f.wire == VARINT:
                self.provenance["cpus" if f.number == 17 else "gpus"] = f.value
        if script:
            self.provenance["command"] = masked_command([script, *arguments[:1000]])

    def exit(self, data: bytes, at: Field) -> None:
        code = runtime = 0
        for f in fields(data, at.start, at.size):
            if f.number == 1 and f.wire == VARINT:
                code = signed(f.value)
            elif f.number == 2 and f.wire == VARINT:
                runtime = signed(f.value)
        self.status = RunStatus.FAILED if code else RunStatus.FINISHED
        if self.started_at is not None and runtime:
            self.ended_at = max(self.ended_at or 0, self.started_at + runtime)

    def artifact(self, data: bytes, at: Field) -> None:
        told: dict[str, Any] = {"type": "", "name": "", "files": []}
        for f in fields(data, at.start, at.size):
            if f.wire == LEN and f.number in (4, 5, 6):
                told[{4: "type", 5: "name", 6: "digest"}[f.number]] = _text(data, f)
            elif f.wire == LEN and f.number == 12:
                for part in fields(data, f.start, f.size):
                    if part.number == 4 and part.wire == LEN and len(told["files"]) < _MAX_FILES:
                        told["files"].append(_entry(data, part))
        if len(self.artifacts) < _MAX_ARTIFACTS:
            self.artifacts.append(told)

    def use(self, data: bytes, at: Field) -> None:
        for f in fields(data, at.start, at.size):
            if f.number == 3 and f.wire == LEN and len(self.used) < _MAX_ARTIFACTS:
                self.used.append(_text(data, f))

    def _git(self, data: bytes, at: Field) -> None:
        for f in fields(data, at.start, at.size):
            if f.number in (1, 2) and f.wire == LEN:
                self.provenance["git.remote" if f.number == 1 else "git.commit"] = _text(data, f)


_HANDLERS: dict[int, Callable[[_Run, bytes, Field], None]] = {
    2: _Run.history, 3: _Run.set_summary, 5: _Run.set_config, 8: _Run.artifact, 17: _Run.set_run,
    18: _Run.exit, 25: _Run.use, 26: _Run.environment,
}  # fmt: skip


def read(source: Source) -> Facts:
    """Config as dotted parameters; the summary's numbers are final and win over the history's."""
    run, torn = _Run(), ""
    for record in wandb.records(source):
        if isinstance(record, wandb.End):
            torn = record.why
            break
        try:
            run.take(record)
        except Unreadable as why:
            torn = f"a record is damaged ({why})"
            break
    if not run.records:
        raise Unreadable(torn or "it holds no record")
    warnings = (f"Reading ended early: {torn}.",) if torn else ()
    params = _flat({k: v for k, v in run.config.items() if not k.startswith(("_wandb", "wandb_"))})
    metrics = finals(run.curves) | {
        name: number
        for name, value in _flat(run.summary).items()
        if not name.startswith("_") and (number := as_number(value)) is not None
    }
    if run.artifacts:
        run.provenance["artifacts"] = run.artifacts
    curves = series(run.curves)
    told = RunFacts(
        name=run.name or run.run_id,
        params={name: Found(v, source.path, _NAME, _VERSION) for name, v in params.items()},
        metrics={name: Found(v, source.path, _NAME, _VERSION) for name, v in metrics.items()},
        series=curves,
        inputs=tuple(
            InputHint(name, source.path, f"{source.name}: used artifact", "declared")
            for name in run.used
        ),
        status=run.status,
        started_at=run.started_at,
        ended_at=run.ended_at if run.status is not None else None,
        provenance=run.provenance,
        made=tuple(
            file["path"]
            for artifact in run.artifacts
            if artifact["type"] == "model"
            for file in artifact["files"]
        ),
    )
    return Facts(
        Kind.METRICS,
        "wandb",
        params,
        metrics,
        curves,
        about={"records": run.records},
        warnings=(*warnings, *thinning(run.curves)),
        runs=(told,),
    )


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    try:
        return flatten(values)
    except Unreadable:  # nested too deep, or too much of it: the plain ones are left
        return {k: v for k, v in values.items() if not isinstance(v, (dict, list))}


def _update(values: dict[str, Any], data: bytes, at: Field) -> None:
    """The items of a ConfigRecord or SummaryRecord: 1 set, 2 taken away."""
    for f in fields(data, at.start, at.size):
        if f.wire != LEN or f.number not in (1, 2):
            continue
        name, text = _item(data, f)
        if f.number == 2:
            values.pop(name, None)
        elif name and (name in values or len(values) < _MAX_NAMES):
            values[name] = _word(text, text)


def _item(data: bytes, at: Field) -> tuple[str, str]:
    """A name, nested ones dotted, and its value as JSON."""
    names: list[str] = []
    text = ""
    for f in fields(data, at.start, at.size):
        if f.wire != LEN:
            continue
        if f.number in (1, 2) and len(names) < 32:
            names.append(_text(data, f))
        elif f.number == 16:
            text = data[f.start : f.start + f.size].decode("utf-8", "replace")
    return ".".join(filter(None, names)), text


def _word(text: str, otherwise: Any = None) -> Any:
    """A value as JSON has it; numbers that are spelled as words (`"NaN"`) stay words."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return otherwise
    if otherwise is not None or is_number(value):
        return value
    return as_number(value)


def _text(data: bytes, at: Field) -> str:
    return data[at.start : at.start + min(at.size, 16 << 10)].decode("utf-8", "replace")


def _number_in(data: bytes, at: Field, number: int) -> int:
    value = 0
    for f in fields(data, at.start, at.size):
        if f.number == number and f.wire == VARINT:
            value = signed(f.value)
    return value


def _timestamp(data: bytes, at: Field) -> float | None:
    seconds = _number_in(data, at, 1) + _number_in(data, at, 2) / 1e9
    return seconds if 0 < seconds < 1e11 else None


def _entry(data: bytes, at: Field) -> dict[str, Any]:
    """A file of an artifact's manifest; its digest is an MD5 in Base64."""
    told: dict[str, Any] = {"path": ""}
    for f in fields(data, at.start, at.size):
        if f.wire == LEN and f.number == 1:
            told["path"] = _text(data, f)
        elif f.wire == LEN and f.number == 2:
            text = _text(data, f)
            if re.fullmatch(r"[A-Za-z0-9+/]{22}==", text):
                told["md5"] = base64.b64decode(text).hex()
        elif f.wire == LEN and f.number == 3:
            told["ref"] = _text(data, f)
        elif f.wire == VARINT and f.number == 4:
            told["size"] = f.value
    return told


reader = Reader(_NAME, _VERSION, fits, read)
