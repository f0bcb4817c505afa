"""Filters as SQL conditions over versions (alias `v`) or runs (alias `r`)."""

from __future__ import annotations

from typing import Any

from strongroom.domain.filters import All, Either, Filter, Not, Range, Text, Word

Condition = tuple[str, list[Any]]
#: Ids of versions that hold a damaged blob, be it a file or a document.
DAMAGED = (
    "select vp.version_id from damage d join blobs b on b.digest = d.digest join page_files f on"
    " f.blob_id = b.id join version_pages vp on vp.page_id = f.page_id"
    " union select dv.id from damage d join versions dv on dv.content = d.digest"
    " or dv.record = d.digest"
    " union select vp.version_id from damage d join pages p on p.digest = d.digest"
    " join version_pages vp on vp.page_id = p.id"
)


def version_condition(item: Filter) -> Condition:
    return _Compiler("version").condition(item)


def run_condition(item: Filter) -> Condition:
    return _Compiler("run").condition(item)


class _Compiler:
    def __init__(self, what: str) -> None:
        self.what = what
        self.owner = "cast(v.id as text)" if what == "version" else "r.id"

    def condition(self, item: Filter) -> Condition:
        match item:
            case All(items):
                return self._joined(items, " and ", "1=1")
            case Either(items):
                return self._joined(items, " or ", "1=0")
            case Not(inner):
                sql, values = self.condition(inner)
                return f"not coalesce(({sql}), 0)", values
            case Word(text):
                return self._word(text)
            case Text():
                return self._text(item)
            case Range():
                return self._range(item)
        raise TypeError(item)

    def _joined(self, items: tuple[Filter, ...], by: str, empty: str) -> Condition:
        if not items:
            return empty, []
        parts = [self.condition(i) for i in items]
        return "(" + by.join(sql for sql, _ in parts) + ")", [v for _, vs in parts for v in vs]

    def _word(self, text: str) -> Condition:
        if self.what == "run":
            return "(r.id like ? escape '\\' or r.name like ? escape '\\')", [_part(text)] * 2
        words = [w for w in "".join(c if c.isalnum() else " " for c in text).split() if w]
        by_name = _named("name like ? escape '\\'", [_part(text)])
        if not words:
            return by_name
        match = " ".join(f'"{w}"*' for w in words)
        return (
            f"(+v.id in (select rowid from search_fts where search_fts match ?) or +{by_name[0]})",
            [match, *by_name[1]],
        )

    def _text(self, item: Text) -> Condition:
        columns = {
            "version": {
                "kind": "v.kind",
                "run": "v.run_id",
                "by": "v.actor",
                "tier": "v.tier",
            },
            "run": {"name": "r.name", "run": "r.id", "status": "r.status"},
        }[self.what]
        if item.field == "name" and self.what == "version":
            return _named(*_like("name", item.pattern))
        if item.field in columns:
            return _like(columns[item.field], item.pattern)
        if item.field in ("param", "metric", "label"):
            sql, values = _like("f.text", item.pattern)
            return self._fact(item.field, item.key, sql, values)
        if item.field == "has":
            return self._has(item.pattern)
        if item.field == "note" and self.what == "version":
            return (
                "exists(select 1 from notes n where n.owner_type='version'"
                " and n.owner_id=cast(v.id as text) and n.text like ? escape '\\')",
                [_part(item.pattern)],
            )
        if item.field == "digest" and self.what == "version":
            prefix = item.pattern.removeprefix("sha256:").lower()
            return "(lower(hex(v.content)) like ? or lower(hex(v.record)) like ?)", [
                prefix + "%"
            ] * 2
        return "1=0", []  # stage and alias: nothing is in one yet

    def _has(self, what: str) -> Condition:
        if self.what == "version" and what == "warning":
            return "v.warnings > 0", []
        if self.what == "version" and what == "damage":
            return f"v.id in ({DAMAGED})", []
        if self.what == "version" and what == "run":
            return "v.run_id is not null", []
        if self.what == "version" and what == "note":
            return (
                "exists(select 1 from notes n where n.owner_type='version'"
                " and n.owner_id=cast(v.id as text))",
                [],
            )
        if what in ("param", "metric", "label"):
            return (
                f"exists(select 1 from facts f where f.owner_type='{self.what}'"
                f" and f.owner_id={self.owner} and f.field=?)",
                [what],
            )
        return "1=0", []

    def _range(self, item: Range) -> Condition:
        if item.field in ("metric", "param", "label"):
            sql, values = _within("f.number", item)
            return self._fact(item.field, item.key, sql, values)
        columns = {
            "version": {"size": "v.size", "files": "v.files", "created": "v.created_at"},
            "run": {"created": "r.started_at"},
        }[self.what]
        if item.field not in columns:
            return "1=0", []
        return _within(columns[item.field], item)

    def _fact(self, field: str, key: str, sql: str, values: list[Any]) -> Condition:
        inner = "cast(f.owner_id as integer)" if self.what == "version" else "f.owner_id"
        outer = "v.id" if self.what == "version" else "r.id"
        return (
            f"{outer} in (select {inner} from facts f where f.owner_type='{self.what}'"
            f" and f.field=? and f.key=? and {sql})",
            [field, key, *values],
        )


def _named(sql: str, values: list[Any]) -> Condition:
    """Versions by their artifact's name: artifacts are fewer, so they are looked through once."""
    return f"v.artifact_id in (select id from artifacts where {sql})", values


def _within(column: str, item: Range) -> Condition:
    parts, values = [], []
    if item.low is not None:
        parts.append(f"{column} {'>' if item.low_open else '>='} ?")
        values.append(item.low)
    if item.high is not None:
        parts.append(f"{column} {'<' if item.high_open else '<='} ?")
        values.append(item.high)
    return "(" + " and ".join(parts or ["1=1"]) + ")", values


def _like(column: str, pattern: str) -> Condition:
    if "*" not in pattern:
        return f"{column} = ?", [pattern]
    return f"{column} like ? escape '\\'", [escaped(pattern).replace("*", "%")]


def _part(text: str) -> str:
    return "%" + escaped(text) + "%"


def escaped(text: str) -> str:
    """The text as it stands in a `like` pattern with `escape '\\'`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
