"""What could be typed: names, keys and values that begin with, or else contain, what is typed."""

from __future__ import annotations

from strongroom.catalog.engine import Engine
from strongroom.catalog.search import escaped

#: Distinct values by one index step each, however many facts share them.
_LOOSE = (
    "with recursive found(value) as (select min({column}) from {table} where {fixed}"
    " union all select (select min({column}) from {table} where {fixed} and {column} > value)"
    " from found where value is not null)"
    " select value from found where value is not null and value like ? escape '\\'"
    " order by value like ? escape '\\' desc, value limit ?"
)


def suggest(engine: Engine, field: str, prefix: str, limit: int) -> list[str]:
    """Values of a filter's field; an unknown field has none."""
    begins, holds = escaped(prefix) + "%", f"%{escaped(prefix)}%"
    if field == "name":
        return _texts(
            engine,
            "select name from artifacts where name like ? escape '\\'"
            " order by name like ? escape '\\' desc, latest_at desc limit ?",
            (holds, begins, limit),
        )
    if field == "run":
        return _texts(
            engine,
            "select id from runs where id like ? escape '\\' or name like ? escape '\\'"
            " order by started_at desc limit ?",
            (begins, holds, limit),
        )
    if field == "by":
        return _distinct(engine, "versions", "actor", "1=1", (), (holds, begins, limit))
    kind, _, key = field.partition(".")
    if kind not in ("metric", "param", "label"):
        return []
    if not key:
        return _distinct(engine, "facts", "key", "field = ?", (kind,), (holds, begins, limit))
    fixed = "field = ? and key = ?"
    return _distinct(engine, "facts", "text", fixed, (kind, key), (holds, begins, limit))


def _distinct(
    engine: Engine,
    table: str,
    column: str,
    fixed: str,
    bound: tuple[str, ...],
    rest: tuple[object, ...],
) -> list[str]:
    sql = _LOOSE.format(table=table, column=column, fixed=fixed)
    return _texts(engine, sql, (*bound, *bound, *rest))


def _texts(engine: Engine, sql: str, values: tuple[object, ...]) -> list[str]:
    return [str(row[0]) for row in engine.rows(sql, list(values))]
