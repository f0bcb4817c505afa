"""Filters, sorting and paging in SQL against the same written down in plain Python."""

from __future__ import annotations

import itertools
import math
import os
import random
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strongroom.bootstrap import create_registry
from strongroom.catalog import catalog
from strongroom.catalog.catalog import SORTS, RunRow, VersionRow
from strongroom.domain.entry import Span
from strongroom.domain.errors import BadInput
from strongroom.domain.facts import Kind
from strongroom.domain.filters import All, Either, Filter, Not, Range, Text, Word, parse
from strongroom.domain.timestamps import now
from strongroom.services.add import AddOptions
from strongroom.services.inspection import Described, Inspector
from strongroom.services.local import LocalRegistry
from strongroom.settings import Settings

NAMES = ["model", "Model", "team/churn", "team_churn", "100 percent", "data.csv", "été", "a-b"]
WORDS = ["good", "GOOD enough", "percent", "50%", "under_score", "été", "back\\slash", "*"]
PARAMS: dict[str, list[Any]] = {
    "lr": [0.1, 0.01, 1e-3, 1, "0.1", None],
    "opt": ["adam", "Adam", "sgd_m", "100%", True, ["a", "b"]],
    "n": [10, 10.0, 2**60, -3],
}
METRICS = [0.5, 0.93, -1, 0, math.nan, math.inf, -math.inf, 1e300]


@dataclass(frozen=True, repr=False)
class Facts:
    """What the model knows of one version."""

    row: VersionRow
    params: dict[str, Any]
    metrics: dict[str, Any]
    labels: dict[str, str]
    notes: list[str]


@dataclass(frozen=True, repr=False)
class Corpus:
    registry: LocalRegistry
    versions: list[Facts]
    runs: list[RunRow]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Forty versions of eight artifacts, and what was said of each."""
    rng = random.Random(7)
    folder = tmp_path_factory.mktemp("corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inspector, "describe", lambda self, pieces: Described())
        registry = create_registry(folder / "registry", Settings(), "cli")
        said = [add_one(registry, folder / "work", rng, n) for n in range(40)]
        for number in range(3):
            registry.start_run(f"own{number}", f"Own run_{number}", {"lr": 0.1 * number})
        registry.finish_run("own1", failed=True)
    rows = catalog.page_of_versions(registry.desk.engine, limit=1000)
    by_ref = {(row.artifact, row.n): row for row in rows}
    versions = [Facts(by_ref[ref], *facts) for ref, *facts in said]
    yield Corpus(registry, versions, catalog.page_of_runs(registry.desk.engine, limit=1000))
    registry.close()


def add_one(registry: LocalRegistry, work: Path, rng: random.Random, number: int):
    folder = work / str(number)
    folder.mkdir(parents=True)
    for name in range(rng.randrange(1, 4)):
        (folder / f"{name}.bin").write_bytes(bytes(rng.choice([0, 3, 500])) + b"%d" % number)
    if rng.random() < 0.3:
        (folder / "dangling").symlink_to("nowhere")  # a warning
    params = {k: rng.choice(v) for k, v in PARAMS.items() if rng.random() < 0.6}
    metrics = {k: rng.choice(METRICS) for k in ("auc", "loss") if rng.random() < 0.7}
    options = AddOptions(
        name=rng.choice(NAMES),
        kind=rng.choice([Kind.MODEL, Kind.DATASET, None]),
        run=rng.choice([None, "run-1", "run_2", "Run-1"]),
        params=params,
        metrics=metrics,
        new_version=True,
    )
    (version,) = registry.add([os.fsencode(folder)], options)["versions"]
    reference = f"{version['name']}@{version['tag']}"
    labels = {k: rng.choice(["yes", "no", "3", "Yes"]) for k in "ab" if rng.random() < 0.3}
    for key, value in labels.items():
        registry.label(reference, key, "first")
        registry.label(reference, key, value)
    notes = [rng.choice(WORDS) for _ in range(rng.randrange(3))]
    for text in notes:
        registry.note(reference, text)
    return (version["name"], int(version["tag"][1:])), params, metrics, labels, notes


# ---------------------------------------------------------------- the model


def matches(item: Filter, one: Facts) -> bool:
    match item:
        case All(items):
            return all(matches(i, one) for i in items)
        case Either(items):
            return any(matches(i, one) for i in items)
        case Not(inner):
            return not matches(inner, one)
        case Word(text):
            return has_words(text, one) or contains(one.row.artifact, text)
        case Text(field, pattern, key):
            return has_text(field, pattern, key, one)
        case Range(low=None, high=None) if item.field in KEYS:
            return has_text(item.field, "*", item.key, one)  # without bounds: it has one at all
        case Range():
            return any(within(item, number) for number in numbers(item, one))
    raise TypeError(item)


def has_words(text: str, one: Facts) -> bool:
    asked = tokens(text)
    params = " ".join(f"{k} {v}" for k, v in one.params.items())
    there = tokens(" ".join([one.row.artifact, one.row.run_id or "", params, *one.notes]))
    return bool(asked) and all(any(t.startswith(a) for t in there) for a in asked)


def tokens(text: str) -> list[str]:
    bare = "".join(
        c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c)
    )
    return "".join(c if c.isalnum() else " " for c in bare).split()


def ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def contains(text: str, part: str) -> bool:
    return ascii_lower(part) in ascii_lower(text)


def like(text: str | None, pattern: str) -> bool:
    """Without a star to the letter; with one, ASCII's case does not matter."""
    if text is None:
        return False
    if "*" not in pattern:
        return text == pattern
    first, *middle, last = ascii_lower(pattern).split("*")
    rest = ascii_lower(text)
    if not rest.startswith(first):
        return False
    rest = rest[len(first) :]
    for part in middle:
        if part not in rest:
            return False
        rest = rest.partition(part)[2] if part else rest
    return rest.endswith(last)


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: '"inf"', -math.inf: '"-inf"'}.get(value, '"nan"')
    if isinstance(value, list):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    if value is True or value is None:  # not by ==: 1 and 1.0 are no true
        return "null" if value is None else "true"
    return repr(value)


def has_text(field: str, pattern: str, key: str, one: Facts) -> bool:
    row = one.row
    match field:
        case "name":
            return like(row.artifact, pattern)
        case "kind" | "tier":
            return like(getattr(row, field), pattern)
        case "run":
            return like(row.run_id, pattern)
        case "by":
            return like(row.actor, pattern)
        case "param" | "metric" | "label":
            values = {"param": one.params, "metric": one.metrics, "label": one.labels}[field]
            return key in values and like(text_of(values[key]), pattern)
        case "note":
            return any(contains(note, pattern) for note in one.notes)
        case "digest":
            prefix = pattern.removeprefix("sha256:").lower()
            return any(d.hex().startswith(prefix) for d in (row.content, row.record))
        case "has":
            return {
                "warning": bool(row.document["warnings"]),
                "run": row.run_id is not None,
                "note": bool(one.notes),
                "param": bool(one.params),
                "metric": bool(one.metrics),
                "label": bool(one.labels),
            }.get(pattern, False)
    return False


def numbers(item: Range, one: Facts) -> list[float]:
    if item.field in ("param", "metric", "label"):
        values = {"param": one.params, "metric": one.metrics, "label": one.labels}[item.field]
        value = values.get(item.key)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return [float(value)] if good else []
    row = one.row
    columns = {"size": row.size, "files": row.files, "created": row.created_at}
    return [columns[item.field]]


def within(item: Range, number: float) -> bool:
    low = item.low is None or (number > item.low if item.low_open else number >= item.low)
    high = item.high is None or (number < item.high if item.high_open else number <= item.high)
    return low and high and not math.isnan(number)


# ---------------------------------------------------------------- filters at random

PATTERNS = [*NAMES, "mod*", "*", "**", "*%*", "T*_*n", "te*", "*é", "no such", "model*", "*\\*"]
KEYS = {"param": [*PARAMS, "none"], "metric": ["auc", "loss", "lr"], "label": ["a", "b"]}
BOUNDS = [None, 0, 1, 0.1, 0.5, 3, 10, 500, 1e6, 2**60, math.inf, -math.inf, -1]


def keyed(field: str):
    pattern = st.sampled_from(["adam", "a*", "0.1", "10", "*", "yes", "Y*", "true", "*%", '"nan"'])
    return st.builds(Text, st.just(field), pattern, st.sampled_from(KEYS[field]))


def ranged(field: str):
    key = st.sampled_from(KEYS[field]) if field in KEYS else st.just("")
    bound, is_open = st.sampled_from(BOUNDS), st.booleans()
    return st.builds(Range, st.just(field), bound, bound, is_open, is_open, key)


leaves = st.one_of(
    st.builds(Word, st.sampled_from([*WORDS, *NAMES, "goo", "adam", "run", "percent 100", ""])),
    st.builds(Text, st.just("name"), st.sampled_from(PATTERNS)),
    st.builds(Text, st.just("kind"), st.sampled_from(["model", "data*", "other", "MODEL", "*"])),
    st.builds(Text, st.just("run"), st.sampled_from(["run-1", "run_2", "run*", "*", "Run-1"])),
    st.builds(
        Text, st.sampled_from(["by", "tier", "stage", "alias"]), st.sampled_from(["*", "hot"])
    ),
    st.builds(Text, st.just("note"), st.sampled_from([*WORDS, "good", "%"])),
    st.builds(
        Text,
        st.just("has"),
        st.sampled_from(["warning", "run", "note", "param", "metric", "label", "nothing"]),
    ),
    *map(keyed, KEYS),
    *map(ranged, [*KEYS, "size", "files", "created"]),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
often = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@often
@given(item=filters)
def test_sql_finds_what_the_model_finds(corpus, item):
    engine = corpus.registry.desk.engine
    expected = {one.row.id for one in corpus.versions if matches(item, one)}
    assert {r.id for r in catalog.page_of_versions(engine, where=item, limit=100)} == expected
    by_kind: dict[str, int] = {}
    for one in corpus.versions:
        if one.row.id in expected:
            by_kind[one.row.kind] = by_kind.get(one.row.kind, 0) + 1
    assert catalog.count_by_kind(engine, item) == by_kind


def sort_key(one: Facts, sort: str) -> list[Any]:
    values = catalog.sort_value(one.row, sort)
    return [value.encode() if isinstance(value, str) else value for value in values]


@often
@given(
    item=filters,
    sort=st.sampled_from(sorted(SORTS)),
    descending=st.booleans(),
    limit=st.integers(1, 9),
    span=st.builds(Span, st.sampled_from([None, 30, 80]), st.sampled_from([None, 60, 120])),
    kind=st.sampled_from([None, "model"]),
)
def test_pages_follow_each_other_without_gap_or_repeat(
    corpus, item, sort, descending, limit, span, kind
):
    engine = corpus.registry.desk.engine
    expected = sorted(
        (
            one
            for one in corpus.versions
            if matches(item, one)
            and (span.after is None or one.row.seq > span.after)
            and (span.upto is None or one.row.seq <= span.upto)
            and kind in (None, one.row.kind)
        ),
        key=lambda one: sort_key(one, sort),
        reverse=descending,
    )
    found: list[VersionRow] = []
    after = None
    for _ in range(100):
        page = catalog.page_of_versions(
            engine,
            where=item,
            kind=kind,
            span=span,
            sort=sort,
            descending=descending,
            after=after,
            limit=limit,
        )
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            break
        after = catalog.sort_value(page[-1], sort)
    assert [r.id for r in found] == [one.row.id for one in expected]


@often
@given(item=filters, limit=st.integers(1, 5), kind=st.sampled_from([None, "model"]))
def test_artifacts_are_judged_by_their_newest_version(corpus, item, limit, kind):
    engine = corpus.registry.desk.engine
    newest: dict[str, Facts] = {}
    for one in corpus.versions:
        newest[one.row.artifact] = one
    rows = {r.name: r for r, _ in catalog.page_of_artifacts(engine, limit=100)}
    expected = sorted(
        (one for one in newest.values() if matches(item, one)),
        key=lambda one: one.row.created_at,
        reverse=True,
    )
    names, after = [], None
    for _ in range(50):
        page = catalog.page_of_artifacts(engine, where=item, kind=kind, after=after, limit=limit)
        names += [row.name for row, _ in page]
        if len(page) < limit:
            break
        after = page[-1][1]
    wanted = [one.row.artifact for one in expected]
    assert names == [name for name in wanted if kind in (None, rows[name].kind)]


run_filters = st.recursive(
    st.one_of(
        st.builds(Word, st.sampled_from(["run", "Own", "own_", "1", "%", ""])),
        st.builds(Text, st.sampled_from(["name", "run"]), st.sampled_from(["run*", "own1", "*_1"])),
        st.builds(Text, st.just("status"), st.sampled_from(["running", "failed", "f*", "*"])),
        st.builds(Text, st.just("has"), st.sampled_from(["param", "metric", "warning"])),
        ranged("param"),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner), st.builds(Either, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=4,
)


def run_matches(item: Filter, run: RunRow) -> bool:
    params, metrics = run.text["params"], run.text["metrics"]
    match item:
        case Either(items):
            return any(run_matches(i, run) for i in items)
        case Not(inner):
            return not run_matches(inner, run)
        case Word(text):
            return contains(run.id, text) or contains(run.name, text)
        case Text("name", pattern):
            return like(run.name, pattern)
        case Text("run", pattern):
            return like(run.id, pattern)
        case Text("status", pattern):
            return like(run.status, pattern)
        case Text("has", pattern):
            return {"param": bool(params), "metric": bool(metrics)}.get(pattern, False)
        case Range(low=None, high=None, key=key):
            return key in params
        case Range(key=key):
            value = params.get(key)
            good = isinstance(value, int | float) and not isinstance(value, bool)
            return good and within(item, float(value))
    raise TypeError(item)


@often
@given(item=run_filters, limit=st.integers(1, 3))
def test_runs_are_found_and_paged_alike(corpus, item, limit):
    found: list[RunRow] = []
    after = None
    for _ in range(50):
        page = catalog.page_of_runs(
            corpus.registry.desk.engine, where=item, after=after, limit=limit
        )
        found += page
        if len(page) < limit:
            break
        after = [page[-1].started_at, page[-1].id]
    expected = [r for r in corpus.runs if run_matches(item, r)]
    assert [r.id for r in found] == [r.id for r in expected]


def test_a_number_is_found_however_it_is_written(corpus):
    engine = corpus.registry.desk.engine
    for text, value in [("1e-3", 0.001), ("0.10", 0.1), ("10", 10), ("10.0", 10), ("1.0e0", 1)]:
        key = "n" if value == 10 else "lr"
        expected = {
            one.row.id
            for one in corpus.versions
            if one.params.get(key) in (value, text) and one.params[key] is not True
        }
        assert expected, "the corpus has some"
        item = parse(f"param.{key}={text}", now())
        rows = catalog.page_of_versions(engine, where=item, limit=100)
        assert {r.id for r in rows} == expected, text


# ---------------------------------------------------------------- any text at all

pieces = st.sampled_from(
    [
        *[
            "name:",
            "size>",
            "created:",
            "created<",
            "param.lr",
            "auc>",
            "label:",
            "digest:",
            "has:",
        ],
        *["1GB", "7d", "2026", "2026-01..", "..", "9999-12-31", "0000", "99999999999y", "1e999"],
        *["(", ")", "-", " or ", " ", '"', "*", "%", "_", "\\", "=", "<=", "é", "\0", "\udcff"],
        *["nan", "inf", "-inf", "9" * 400, "a" * 300, "sha256:", "NEAR", "AND", "'", ";"],
    ]
)


@settings(max_examples=600, deadline=None)
@given(text=st.one_of(st.text(max_size=30), st.lists(pieces, max_size=9).map("".join)))
@example(text="(" * 5000)
@example(text="-" * 5000 + "x")
@example(text=" or ".join(["x"] * 3000))
@example(text=" ".join(["name:x"] * 3000))
@example(text="name:" + "*a" * 30_000)
@example(text="created<99999999999y")
@example(text="created<" + "9" * 400 + "s")
@example(text="size>" + "9" * 400)
@example(text='"\0"')
def test_any_text_is_a_filter_or_is_refused_in_words(corpus, text):
    engine = corpus.registry.desk.engine
    try:
        item = parse(text, now())
    except BadInput as error:
        assert error.what and error.hint
        return
    for kind, count in catalog.count_by_kind(engine, item).items():
        assert count > 0 and kind
    catalog.page_of_artifacts(engine, where=item)
    catalog.page_of_runs(engine, where=item)


def test_the_model_itself_tells_things_apart(corpus):
    """Or the tests above would say little."""
    kinds = [Word("good"), Text("name", "mod*"), Range("metric", low=0.5, key="auc"), Not(All(()))]
    counts = [sum(matches(item, one) for one in corpus.versions) for item in kinds]
    assert all(0 < count < 40 for count in counts[:3]) and counts[3] == 0
    assert len(set(itertools.chain(one.row.artifact for one in corpus.versions))) > 5
