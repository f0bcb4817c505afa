"""Secrets among what is recorded: found by their name or by their form, and masked for good.

What a mask hides is never stored; that something was hidden is seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

MASK = "•••• (masked)"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
#: A name with one of these words is a secret's.
_SECRET_WORDS = frozenset({
    "password", "passwd", "pwd", "passphrase", "secret", "secrets", "apikey", "credential",
    "credentials",
})  # fmt: skip
#: "token" and "key" are secrets only after one of these; `pad_token` and `sort_key` are not.
_BEFORE = frozenset({
    "api", "access", "auth", "bearer", "refresh", "session", "private", "hub", "hf", "github",
    "gitlab", "slack", "bot", "wandb", "openai", "account", "encryption", "signing", "sas",
})  # fmt: skip
#: Forms that services give their secrets: names of clouds and forges are in their documentation.
_FORMS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}\b|\bgithub_pat_[A-Za-z0-9_]{30,}\b"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bhf_[A-Za-z0-9]{30,}\b"
    r"|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"
    r"|\bAIza[A-Za-z0-9_-]{35}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_IN_URL = re.compile(r"(?<=://)([^/\s:@]+):([^/\s@]+)(?=@)")
#: `--api-key VALUE`, `password=VALUE`: the name and the sign before the value stay.
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?P<sign>\s*[=:]\s*|\s+)(?P<value>[^\s=]\S*)")


def is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if _SECRET_WORDS.intersection(words):
        return True
    return words == ["token"] or any(
        second in ("token", "key") and first in _BEFORE for first, second in pairwise(words)
    )


def masked_text(text: str) -> str:
    """The text with secrets of a known form, and passwords within URLs, masked."""
    return _IN_URL.sub(rf"\1:{MASK}", _FORMS.sub(MASK, text))


def masked_command(arguments: list[str]) -> list[str]:
    """A command line: values of options with a secret's name are masked too."""
    shown: list[str] = []
    hide = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if hide and not argument.startswith("-"):
            shown.append(MASK)
        elif equals and value and is_secret_name(name):
            shown.append(f"{name}={MASK}")
        else:
            shown.append(masked_text(argument))
        hide = not equals and argument.startswith("-") and is_secret_name(argument)
    return shown


def masked_lines(text: str) -> str:
    """Source text: known forms, and what is assigned to a secret's name."""

    def hide(match: re.Match[str]) -> str:
        if match["sign"].strip() and is_secret_name(match["name"]):
            return f"{match['name']}{match['sign']}{MASK}"
        return match[0]

    return _ASSIGNED.sub(hide, masked_text(text))


def masked(name: str, value: Any, depth: int = 0) -> Any:
    """A parameter's or fact's value: masked as a whole by its name, else where its form tells."""
    if isinstance(value, str):
        return MASK if value and is_secret_name(name.rpartition(".")[2]) else masked_text(value)
    if depth > 20:  # deeper than anything that is kept
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(str(key), one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(name, one, depth + 1) for one in value]
    return value
