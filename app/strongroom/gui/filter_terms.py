"""A filter's text as the terms it is made of, for chips: cut where the grammar cuts, no further."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.domain.filters import All, BadFilter, Either, Filter, Not, parse


@dataclass(frozen=True, slots=True)
class Terms:
    """`texts` joined by spaces (`any_of` False) or by ` or ` are the filter again."""

    texts: tuple[str, ...]
    any_of: bool = False

    def whole(self) -> str:
        return (" or " if self.any_of else " ").join(self.texts)


def split(text: str) -> Terms:
    """The top-level terms. A filter that mixes `or` with other terms stays in one piece."""
    parts = _parts(text)
    if not any(p.lower() == "or" for p in parts):
        return Terms(tuple(parts))
    terms = parts[0::2]
    if len(parts) % 2 and all(p.lower() == "or" for p in parts[1::2]):
        return Terms(tuple(terms), any_of=True)
    return Terms((text.strip(),))


def is_field_term(text: str) -> bool:
    """Whether it is one term that says a field, and so can stand as a chip: `kind:model`."""
    bare = text.lstrip("-")
    return (
        len(_parts(text)) == 1
        and bool(bare)
        and bare[0] not in '("'
        and any(sign in bare for sign in ":<>=")
    )


def field_of(text: str) -> tuple[str, str, str]:
    """`("auc", ">=", "0.9")` of a field term."""
    at = min(i for i, c in enumerate(text) if c in ":<>=")
    end = at + (2 if text[at : at + 2] in (">=", "<=") else 1)
    return text[:at], text[at:end], text[end:]


def has_or(text: str) -> bool:
    """Whether an `or` stands between its top-level terms."""
    return any(part.lower() == "or" for part in _parts(text))


def same(one: str, other: str, now: int) -> bool:
    """Whether two filters mean the same, whatever the order of their terms. One that cannot be
    read means nothing that could be lost.
    """
    try:
        meant = parse(one, now)
    except BadFilter:
        return True
    try:
        return _form(meant) == _form(parse(other, now))
    except BadFilter:
        return False


def _form(item: Filter) -> str:
    """One text for all that mean the same but for order and needless parentheses."""
    if isinstance(item, Not):
        return f"not({_form(item.item)})"
    if not isinstance(item, All | Either):
        return repr(item)
    forms: set[str] = set()
    for part in _flat(item):
        forms.add(_form(part))
    return forms.pop() if len(forms) == 1 else f"{type(item).__name__}({', '.join(sorted(forms))})"


def _flat(item: All | Either) -> list[Filter]:
    parts: list[Filter] = []
    for part in item.items:
        parts += _flat(part) if isinstance(part, type(item)) else [part]
    return parts


def _parts(text: str) -> list[str]:
    """Cut at spaces outside quotes and parentheses."""
    parts, begin, depth, quoted = [], 0, 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "()":
            depth += 1 if char == "(" else -1
        elif not quoted and depth <= 0 and char.isspace():
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return [p for p in parts if p]


def named(name: str, below: bool = False) -> str:
    """The filter that finds an artifact, or with `below` all whose names begin with `name/`. No
    quote can stand between quotes, so a star stands for it.
    """
    inner = name.replace('"', "*")
    return f'name:"{inner}/*"' if below else f'name:"{inner}"'
