"""References: `name@v12`, `name@sha256:9f3a1c…`, `name@production`, `name` (design §3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from strongroom.domain.errors import BadInput
from strongroom.domain.names import check_stored_name

_TAG = re.compile(r"v(\d{1,18})\Z")
_PREFIX = re.compile(r"sha256:([0-9a-f]*)\Z")
_WORD = re.compile(r"[\w.+-]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class Tag:
    n: int

    def __str__(self) -> str:
        return f"v{self.n}"


@dataclass(frozen=True, slots=True)
class DigestPrefix:
    """8 to 64 hex digits of a content or record digest."""

    hex: str

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


@dataclass(frozen=True, slots=True)
class Word:
    """A stage or an alias; which of them, only the registry knows."""

    word: str

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Latest:
    def __str__(self) -> str:
        return "latest"


Selector = Tag | DigestPrefix | Word | Latest


@dataclass(frozen=True, slots=True)
class Reference:
    artifact: str
    selector: Selector

    def __str__(self) -> str:
        return f"{self.artifact}@{self.selector}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises `BadInput` that says what is wrong with `text`."""
        name, at, selector = text.partition("@")
        if not name:
            raise BadInput("a reference begins with an artifact's name", text, "write name@v1")
        check_stored_name(name)
        return cls(name, parse_selector(selector, text) if at else Latest())


def parse_selector(selector: str, whole: str) -> Selector:
    if selector == "latest":
        return Latest()
    if match := _TAG.match(selector):
        if match[1].startswith("0"):
            raise BadInput("versions start at v1 and have no leading zeros", whole, "write name@v1")
        return Tag(int(match[1]))
    if match := _PREFIX.match(selector):
        if not 8 <= len(match[1]) <= 64:
            raise BadInput(
                "a digest in a reference has 8 to 64 hex digits", whole, "copy more of the digest"
            )
        return DigestPrefix(match[1])
    if selector.startswith("sha256:"):
        raise BadInput("a digest has only the digits 0-9 and a-f", whole, "copy the digest again")
    if not _WORD.match(selector):
        raise BadInput(
            "what follows @ is a tag, a digest, a stage or an alias", whole, "write name@v1"
        )
    return Word(selector)
