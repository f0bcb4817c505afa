"""A run's facts put together from the facts of its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from strongroom.domain.facts import FileFacts, Found, InputHint, Number, RunFacts
from strongroom.domain.series import Series, doubles

#: Names under which trainings state what they read; the last part of a dotted name counts.
_INPUT = re.compile(
    r"(?:(?:train|training|val|valid|validation|test|eval|input|raw)(?:ing)?_?"
    r"(?:data|dataset|set|file|files|path|dir|csv|parquet|ds)?|"
    r"data|dataset|datasets|data_?(?:dir|path|root|file|set|folder)|dataset_?(?:path|dir|file)|"
    r"train_data|corpus|csv|"
    r"init|init_from|init_model|parent|source_model|base_model|base_model_name_or_path|"
    r"model_name_or_path|pretrained|pretrained_model|pretrained_model_name_or_path|resume_from|"
    r"resume_from_checkpoint|ckpt_path|from_checkpoint|weights|model|_name_or_path)\Z",
    re.I,
)
_FOLDER_NAME = re.compile(r".*(?:dir|path|root|folder|base_model_name_or_path)\Z", re.I)
_PATH_IN_SECTION = re.compile(
    r"(?:.*\.)?(?:data|dataset|train|val|test)\.(?:path|file|dir|root|name)\Z"
)
_DIGESTS = ("_sha256", ".sha256", "_digest", ".digest", "_hash", ".hash")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z", re.I)
_SUFFIXED = re.compile(r"[^/]+\.[A-Za-z][A-Za-z0-9]{0,9}\Z")


class Gathering:
    """Takes file facts in order of trust: of two values of one name the first stays."""

    def __init__(self) -> None:
        self.params: dict[str, Found] = {}
        self.metrics: dict[str, Found] = {}
        self.series: dict[str, Series] = {}
        self.inputs: dict[str, InputHint] = {}
        self.provenance: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.runs: list[RunFacts] = []
        self._named: dict[str, str] = {}  # the setting that names each input

    def take_params(self, read: FileFacts) -> None:
        for name, value in read.facts.params.items():
            self.param(name, value, read)
        self.warnings.extend(read.facts.warnings)

    def param(self, name: str, value: Any, read: FileFacts) -> None:
        self.params.setdefault(name, _found(value, read))
        self.hint(name, value, read.path)

    def take_metrics(self, read: FileFacts, prefix: str = "") -> None:
        for name, value in read.facts.metrics.items():
            self.metrics.setdefault(prefix + name, _found(value, read))
        for name, points in read.facts.series.items():
            self.series.setdefault(prefix + name, points)
        self.warnings.extend(read.facts.warnings)

    def take_metadata(self, read: FileFacts) -> None:
        """What a model file says about where it comes from."""
        metadata = read.facts.about.get("metadata")
        if isinstance(metadata, Mapping):
            for name, value in metadata.items():
                self.hint(name, value, read.path)

    def take_packages(self, read: FileFacts) -> None:
        """The environment that a file beside the run pins; of two files the first one's counts."""
        for name in ("packages", "images"):
            if found := read.facts.about.get(name):
                self.provenance.setdefault(name, found)

    def take_runs(self, read: FileFacts) -> None:
        """Whole runs that a file tells of; what they were set to may name what they read."""
        for run in read.facts.runs:
            named = Gathering()
            named.inputs = {hint.target: hint for hint in run.inputs}
            for name, found in run.params.items():
                named.hint(name, found.value, read.path)
            for name, value in _dict(run.provenance.get("attributes")).items():
                named.hint(name, value, read.path)
            self.runs.append(replace(run, inputs=tuple(named.inputs.values())))
        self.warnings.extend(read.facts.warnings)

    def hint(self, name: str, value: Any, file: str) -> None:
        for target in value if isinstance(value, list) else [value]:
            if isinstance(target, str) and names_input(name, target):
                self.inputs.setdefault(target, InputHint(target, file, f"{file}: {name}"))
                self._named.setdefault(target, name)

    def run(self, **more: Any) -> RunFacts:
        warnings = tuple(dict.fromkeys(self.warnings))
        provenance = {**self.provenance, **more.pop("provenance", {})}
        return RunFacts(
            params=self.params,
            metrics=self.metrics,
            series=self.series,
            inputs=tuple(map(self._with_digest, self.inputs.values())),
            provenance=provenance,
            warnings=warnings,
            inner=tuple(self.runs),
            **more,
        )

    def only_run(self) -> RunFacts:
        """The run that a file tells of, where it is the only one; else as `run`."""
        if len(self.runs) != 1:
            return self.run()
        (only,) = self.runs
        return replace(
            only,
            provenance={**self.provenance, **only.provenance},
            warnings=(*only.warnings, *dict.fromkeys(self.warnings)),
        )

    def _with_digest(self, hint: InputHint) -> InputHint:
        """With the content's digest where a setting beside its name tells it (`data_sha256`)."""
        name = self._named.get(hint.target)
        for mark in _DIGESTS if name else ():
            found = self.params.get(f"{name}{mark}")
            told = _DIGEST.match(str(found.value)) if found else None
            if told:
                return replace(hint, sha256=told[1].lower())
        return hint


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _found(value: Any, read: FileFacts) -> Found:
    return Found(value, read.path, read.reader, read.reader_version)


def names_input(name: str, value: str) -> bool:
    """Whether a parameter of this name and value is a path or URI of something that was read."""
    last = name.rpartition(".")[2]
    if not _INPUT.match(last) and not _PATH_IN_SECTION.match(name):
        return False
    if not 0 < len(value) <= 1024 or any(c in value for c in "\n\r\0$<>|"):
        return False
    if value.count(" ") > 3 or value.startswith("-"):
        return False
    return "/" in value or bool(_SUFFIXED.match(value)) or bool(_FOLDER_NAME.match(last))


def number_series(points: Series) -> tuple[Series, Number]:
    """The points by step and time without exact repeats, and the value of the last."""
    steps, times, values = points.steps, points.times, points.values

    def place(n: int) -> tuple[float, float]:
        return (steps[n] if steps[n] == steps[n] else 0, times[n] if times[n] == times[n] else 0)

    order = sorted(range(len(points)), key=place)
    kept: list[int] = []
    seen: set[float] = set()  # values of the step and time just looked at
    for n in order:
        if kept and (steps[n], times[n]) != (steps[kept[-1]], times[kept[-1]]):
            seen.clear()
        if values[n] not in seen:
            seen.add(values[n])
            kept.append(n)
    steps, times, values = (doubles(map(c.__getitem__, kept)) for c in (steps, times, values))
    unique = Series(steps, times, values, points.whole_steps, points.whole_values)
    return unique, unique[-1].value
