"""The filter grammar of lists, the same in window, command line and REST (api.md §1).

Terms separated by spaces must all hold; `or` between two means either; `-term` negates;
parentheses group; quotes keep spaces; a word without a field searches the full text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from strongroom.domain.errors import BadInput

FIELDS = (
    "name",
    "kind",
    "run",
    "by",
    "stage",
    "alias",
    "tier",
    "has",
    "label",
    "note",
    "digest",
    "size",
    "created",
    "files",
    "status",
)
#: What a filter may be, so that neither we nor SQLite lose ourselves in it.
MAX_LENGTH = 4096
MAX_TERMS = 200
MAX_DEPTH = 40
#: No instant lies farther from 1970, in microseconds: the years 1 to 9999.
_FARTHEST = 260_000 * 10**12
_OPERATORS = (">=", "<=", ">", "<", "=", ":")
_SIZES = {"": 1, "b": 1} | {
    unit + suffix: base**power
    for power, unit in enumerate("kmgtp", 1)
    for suffix, base in (("b", 1000), ("ib", 1024), ("", 1000))
}
_SPANS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000, "y": 31536000}
_OR = re.compile(r"or(?=[\s(]|\Z)", re.I)
_FIELD = re.compile(r"[\w.@/%+-]+?(?=>=|<=|[<>=:])")
_VALUE = re.compile(r"[^\s()]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z|[+-]?(inf|nan)\Z")


class BadFilter(BadInput):
    """The filter cannot be read; `position` is the first wrong character, counted from 0."""

    code = "bad_filter"

    def __init__(self, what: str, text: str, position: int) -> None:
        super().__init__(f"{what} (character {position + 1})", text, "see `strongroom list --help`")
        self.position = position


@dataclass(frozen=True, slots=True)
class Word:
    """Full text in names, notes and params."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text field; `*` in `pattern` stands for anything. `key` is a label's or param's name."""

    field: str
    pattern: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """A number field within bounds. `low`/`high` None: open; `field` metric or param has a `key`.

    Units: size in bytes, created in microseconds UTC.
    """

    field: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    item: Filter


@dataclass(frozen=True, slots=True)
class All:
    items: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple[Filter, ...]


Filter = Word | Text | Range | Not | All | Either


def parse(text: str, now: int) -> Filter:
    """The filter that `text` means at the instant `now` (microseconds UTC).

    An empty text matches everything. Raises `BadFilter`.
    """
    if len(text) > MAX_LENGTH:
        raise BadFilter(
            f"a filter has at most {MAX_LENGTH} characters", text[:40] + "…", MAX_LENGTH
        )
    for position, char in enumerate(text):
        if char == "\0" or "\ud800" <= char <= "\udfff":
            raise BadFilter("this character cannot be searched for", text, position)
    return _Parser(text, now).whole()


class _Parser:
    def __init__(self, text: str, now: int) -> None:
        self.text, self.now, self.at = text, now, 0
        self.terms = self.depth = 0

    def whole(self) -> Filter:
        result = self._alternatives()
        if self.at < len(self.text):
            raise BadFilter("a closing parenthesis without an opening one", self.text, self.at)
        return result

    def _alternatives(self) -> Filter:
        groups: list[list[Filter]] = []
        joined = False
        while True:
            self._skip_space()
            if self.at >= len(self.text) or self.text[self.at] == ")":
                break
            if match := _OR.match(self.text, self.at):
                if not groups or joined:
                    raise BadFilter("`or` stands between two terms", self.text, self.at)
                joined, self.at = True, match.end()
                continue
            item = self._item()
            # `or` binds the two terms beside it: `a b or c` is a and (b or c).
            if joined:
                groups[-1].append(item)
            else:
                groups.append([item])
            joined = False
        if joined:
            raise BadFilter("`or` needs a term after it", self.text, self.at)
        parts = tuple(g[0] if len(g) == 1 else Either(tuple(g)) for g in groups)
        return parts[0] if len(parts) == 1 else All(parts)

    def _item(self) -> Filter:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFilter("it is nested too deeply", self.text, self.at)
        item = self._negated_or_grouped()
        self.depth -= 1
        return item

    def _negated_or_grouped(self) -> Filter:
        if self.text[self.at] == "-" and self.at + 1 < len(self.text):
            self.at += 1
            return Not(self._item())
        if self.text[self.at] == "(":
            opened = self.at
            self.at += 1
            inner = self._alternatives()
            if self.at >= len(self.text):
                raise BadFilter("the parenthesis is never closed", self.text, opened)
            self.at += 1
            return inner
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise BadFilter(f"a filter has at most {MAX_TERMS} terms", self.text, self.at)
        return self._term()

    def _term(self) -> Filter:
        start = self.at
        if self.text[start] == '"':
            return Word(self._quoted())
        match = _FIELD.match(self.text, start)
        if match:
            field = match[0]
            self.at = match.end()
            operator = next(o for o in _OPERATORS if self.text.startswith(o, self.at))
            self.at += len(operator)
            value_at = self.at
            return self._field(field, operator, self._value(), start, value_at)
        word = self._value()
        return Word(word)

    def _value(self) -> str:
        if self.at < len(self.text) and self.text[self.at] == '"':
            return self._quoted()
        match = _VALUE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def _quoted(self) -> str:
        end = self.text.find('"', self.at + 1)
        if end < 0:
            raise BadFilter("the quote is never closed", self.text, self.at)
        value = self.text[self.at + 1 : end]
        self.at = end + 1
        return value

    def _skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _field(self, field: str, operator: str, value: str, start: int, at: int) -> Filter:
        if not value:
            raise BadFilter(f"`{field}{operator}` needs a value", self.text, at)
        prefix, dot, key = field.partition(".")
        if dot and prefix in ("metric", "param", "label"):
            if not key:
                raise BadFilter(f"`{prefix}.` needs a name", self.text, start)
            return self._keyed(prefix, key, operator, value, at)
        if field in ("size", "files"):
            return self._bounds(field, operator, value, at, _size_of)
        if field == "created":
            return self._created(operator, value, at)
        if field in FIELDS:
            if operator not in (":", "="):
                raise BadFilter(f"`{field}` takes `:` and a text", self.text, at - len(operator))
            if field == "label":
                key, _, wanted = value.partition("=")
                return Text("label", wanted or "*", key)
            return Text(field, value)
        if operator == ":":
            raise BadFilter(
                f"no field is called `{field}`; there are {', '.join(FIELDS)}", self.text, start
            )
        return self._keyed("metric", field, operator, value, at)

    def _keyed(self, field: str, key: str, operator: str, value: str, at: int) -> Filter:
        if field != "metric" and operator in (":", "=") and ".." not in value:
            written = Text(field, value, key)
            if field == "param" and _NUMBER.match(value.lower()):
                # 1e-3 is 0.001, however it was written.
                number = float(value)
                return Either((written, Range(field, number, number, key=key)))
            return written
        return self._bounds(field, operator, value, at, _number_of, key)

    def _bounds(
        self,
        field: str,
        operator: str,
        value: str,
        at: int,
        convert: Callable[[str], float],
        key: str = "",
    ) -> Range:
        operator, value, at = _inner_sign(operator, value, at)
        try:
            if operator in (":", "=") and ".." in value:
                low, high = value.split("..", 1)
                return Range(
                    field, convert(low) if low else None, convert(high) if high else None, key=key
                )
            number = convert(value)
        except ValueError as error:
            raise BadFilter(str(error), self.text, at) from error
        if operator in (">", ">="):
            return Range(field, low=number, low_open=operator == ">", key=key)
        if operator in ("<", "<="):
            return Range(field, high=number, high_open=operator == "<", key=key)
        return Range(field, number, number, key=key)

    def _created(self, operator: str, value: str, at: int) -> Range:
        operator, value, at = _inner_sign(operator, value, at)
        try:
            if match := re.fullmatch(r"(\d+(?:\.\d+)?)(s|min|h|d|w|mo|y)", value):
                span = min(float(match[1]) * _SPANS[match[2]] * 1e6, _FARTHEST)
                moment = self.now - int(span)
                # `<7d`: younger than seven days.
                younger = operator in ("<", "<=", ":", "=")
                return Range("created", low=moment) if younger else Range("created", high=moment)
            first, dots, last = value.partition("..")
            low = _instant(first)[0] if first else None
            high = _instant(last)[1] if last else None
            if not dots:
                begin, end = _instant(first)
                if operator in (">", ">="):
                    return Range("created", low=end if operator == ">" else begin)
                if operator in ("<", "<="):
                    return Range("created", high=begin if operator == "<" else end, high_open=True)
                low, high = begin, end
            return Range("created", low, high, high_open=True)
        except ValueError as error:
            raise BadFilter(str(error), self.text, at) from error


def _inner_sign(operator: str, value: str, at: int) -> tuple[str, str, int]:
    """`created:<7d` is read as `created<7d`."""
    if operator == ":":
        for sign in (">=", "<=", ">", "<"):
            if value.startswith(sign):
                return sign, value[len(sign) :], at + len(sign)
    return operator, value, at


def _size_of(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.lower())
    if not match or match[2] not in _SIZES:
        raise ValueError(f"`{text}` is not a size such as 10MB or 1GiB")
    return float(match[1]) * float(_SIZES[match[2]])


def _number_of(text: str) -> float:
    if not _NUMBER.match(text.lower()):
        raise ValueError(f"`{text}` is not a number")
    return float(text)


def _instant(text: str) -> tuple[int, int]:
    """The first microsecond of a year, month, day or instant, and the one after its last."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", text)
    if match:
        year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        begin = datetime(year, month, day, tzinfo=UTC)
        if match[3]:
            return _micros(begin), _micros(begin) + 86_400_000_000
        if match[2]:
            after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            after = datetime(year + 1, 1, 1, tzinfo=UTC)
        return _micros(begin), _micros(after)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"`{text}` is not a date such as 2026-01-31 or an age such as 7d"
        ) from None
    at = _micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return at, at + 1


def _micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
