"""What files say about themselves: one reader a format, in a table that lists them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from strongroom.domain.facts import Facts, FileFacts, Found, Kind, RunFacts
from strongroom.domain.series import Series
from strongroom.extract import (
    arrow,
    catboost,
    databases,
    documents,
    dvc,
    environment,
    events,
    gguf,
    jsonl,
    lightgbm,
    onnx,
    parquet,
    pickles,
    recognised,
    safetensors,
    table,
    text_log,
    torch_zip,
    wandb,
    xgboost,
)
from strongroom.extract.conventions import (
    base,
    config_like,
    image_like,
    kind_by_name,
    metrics_like,
    model_like,
    training_state,
)
from strongroom.extract.reader import Reader
from strongroom.extract.tidy import tidy, tidy_param, tidy_text
from strongroom.formats.source import Source, Unreadable

__all__ = ["READERS", "Description", "describe", "interesting", "read_file"]

#: In order of precedence: the first that fits reads the file. Magic numbers come before names.
READERS: tuple[Reader, ...] = (
    safetensors.reader,
    gguf.reader,
    torch_zip.reader,
    parquet.reader,
    events.reader,
    arrow.reader,
    catboost.reader,
    xgboost.reader,
    wandb.reader,
    databases.reader,
    lightgbm.reader,
    recognised.reader,
    onnx.reader,
    pickles.reader,
    dvc.reader,
    environment.reader,
    documents.reader,
    jsonl.reader,
    table.reader,
    text_log.reader,
)

_MAX_WARNINGS = 100
#: What a version of several files is, where they differ: the first of these that any file is.
_WEIGHT = (Kind.MODEL, Kind.DATASET, Kind.METRICS, Kind.CONFIG, Kind.LOG)


@dataclass(frozen=True, slots=True)
class Description:
    """What the files of one version say together; `about` is by path."""

    kind: Kind
    params: Mapping[str, Found] = field(default_factory=dict)
    metrics: Mapping[str, Found] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_file(source: Source) -> FileFacts:
    """The facts of one file. Never raises: what goes wrong becomes a warning with its name."""
    shown = printable(source.path, 300)
    if source.size == 0:
        facts = Facts(kind_by_name(source.path), warnings=(f"{shown} is empty.",))
        return FileFacts(source.path, facts)
    chosen: Reader | None = None
    try:
        chosen = next((reader for reader in READERS if reader.fits(source)), None)
        if chosen is None:
            return FileFacts(source.path, Facts(kind_by_name(source.path)))
        facts = _tidied(chosen.read(source), shown)
    except Unreadable as why:
        facts = _unread(source, f"{shown} could not be read: {printable(str(why))}.")
    except OSError as why:
        facts = _unread(source, f"{shown} could not be opened: {why.strerror or 'no access'}.")
    except MemoryError:
        facts = _unread(source, f"{shown} could not be read: it needs too much memory.")
    except RecursionError:
        facts = _unread(source, f"{shown} could not be read: it is nested too deep.")
    except Exception as why:  # a bug of a reader must not keep anybody from keeping the file
        name = chosen.name if chosen else "choice of a reader"
        facts = _unread(source, f"{shown} could not be read: {name} failed ({type(why).__name__}).")
    if chosen is None:
        return FileFacts(source.path, facts)
    return FileFacts(source.path, facts, chosen.name, chosen.version)


def _tidied(facts: Facts, shown: str) -> Facts:
    """The same facts, plain and bounded, with warnings that name the file."""
    warnings = (w if w.startswith(shown) else f"{shown}: {w}" for w in facts.warnings)
    return Facts(
        kind=facts.kind,
        format=facts.format,
        params={tidy_text(name): tidy_param(value) for name, value in facts.params.items()},
        metrics={tidy_text(name): value for name, value in facts.metrics.items()},
        series={tidy_text(name): points for name, points in facts.series.items()},
        about=tidy(dict(facts.about)),
        warnings=tuple(printable(warning) for warning in warnings),
        runs=tuple(map(_tidied_run, facts.runs)),
    )


def _tidied_run(run: RunFacts) -> RunFacts:
    return replace(
        run,
        name=printable(tidy_text(run.name), 300),
        params={
            tidy_text(name): replace(found, value=tidy_param(found.value))
            for name, found in run.params.items()
        },
        metrics={tidy_text(name): found for name, found in run.metrics.items()},
        series={tidy_text(name): points for name, points in run.series.items()},
        inputs=tuple(replace(hint, target=tidy_text(hint.target)) for hint in run.inputs),
        provenance=tidy(dict(run.provenance)),
        made=tuple(map(tidy_text, run.made)),
    )


def _unread(source: Source, warning: str) -> Facts:
    return Facts(kind_by_name(source.path), warnings=(warning,))


def printable(text: str, longest: int = 600) -> str:
    """For a sentence: no control characters, no lone surrogates, cut in the middle if too long."""
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-(longest // 2) :]}"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def describe(sources: Iterable[Source]) -> Description:
    """One version's files read and merged; of two values of one name the first file's stays.

    A folder of pictures is a dataset; otherwise the weightiest kind among the files is the
    version's: model, dataset, metrics, config, log, other.
    """
    kinds: list[Kind] = []
    params: dict[str, Found] = {}
    metrics: dict[str, Found] = {}
    series: dict[str, Series] = {}
    about: dict[str, Mapping[str, Any]] = {}
    warnings: list[str] = []
    images = 0
    for source in sources:
        read = read_file(source)
        facts = read.facts
        kinds.append(facts.kind or Kind.OTHER)
        images += image_like(source.path) or facts.format in ("png", "jpeg", "gif")
        for name, value in facts.params.items():
            params.setdefault(name, Found(value, read.path, read.reader, read.reader_version))
        for name, number in facts.metrics.items():
            metrics.setdefault(name, Found(number, read.path, read.reader, read.reader_version))
        for name, points in facts.series.items():
            series.setdefault(name, points)
        if facts.about or facts.format:
            about[read.path] = {"format": facts.format, **facts.about}
        warnings.extend(facts.warnings)
    if len(warnings) > _MAX_WARNINGS:
        more = len(warnings) - _MAX_WARNINGS
        warnings = [*warnings[:_MAX_WARNINGS], f"{more} more files have warnings."]
    return Description(
        kind=_kind(kinds, images),
        params=params,
        metrics=metrics,
        series=series,
        about=about,
        warnings=tuple(warnings),
    )


def _kind(kinds: list[Kind], images: int) -> Kind:
    if Kind.MODEL not in kinds and images > 1 and 2 * images > len(kinds):
        return Kind.DATASET
    return next((kind for kind in _WEIGHT if kind in kinds), Kind.OTHER)


def interesting(path: str) -> bool:
    """Whether the name promises facts: for choosing in a folder of thousands. No I/O.

    The caller limits how many are read; pictures and code never are worth it.
    """
    if image_like(path):
        return False
    name = base(path)
    return (
        model_like(name)
        or training_state(name)
        or metrics_like(name)
        or config_like(name)
        or kind_by_name(name) is not Kind.OTHER
        or name.endswith((".json", ".ipynb", ".dvc"))
        or name == "dvc.lock"
        or environment.named(name)
        or name == "mlmodel"
    )
