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
#: Joined words that end so are as good as the same words apart: `PGPASSWORD`, `authtoken`.
_ENDINGS = (
    "password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "privatekey",
    "apitoken", "authtoken", "accesstoken",
)  # fmt: skip
#: `db_pass` is a password; `first_pass` is a way through the data.
_BEFORE_PASS = frozenset({
    "admin", "database", "db", "ftp", "http", "mail", "mysql", "postgres", "proxy", "redis",
    "root", "smtp", "ssh", "user",
})  # fmt: skip
# What follows reads texts of megabytes that nobody has checked (a line may be a whole minified
# program), so every pattern is linear: repetitions that could try again are bounded, or
# possessive, or begin only where no character of the same kind stands before.
#: Forms that services give their secrets: names of clouds and forges are in their documentation.
_FORMS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}\b|\bgithub_pat_[A-Za-z0-9_]{30,255}\b"
    r"|(?<![\w-])glpat-[A-Za-z0-9_-]{20,}+"
    r"|\bhf_[A-Za-z0-9]{30,255}\b"
    r"|(?<![\w-])sk-[A-Za-z0-9_-]{20,}+"
    r"|(?<![\w-])xox[abprs]-[A-Za-z0-9-]{10,}+"
    r"|(?<![\w-])eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{5,}+"
    r"|\bAIza[A-Za-z0-9_-]{35}\b"
    r"|(?<=[Bb]earer )(?=[A-Za-z._~+/=-]{0,200}\d)[A-Za-z0-9._~+/=-]{12,}+"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_IN_URL = re.compile(r"""(?<=://)([^/\s:@"'<>]{0,255}):([^/\s"'<>]{1,1000})(?=@)""")
#: A value: in quotes (three, escaped ones of a text within JSON, or plain), else up to a blank.
_VALUE = re.compile(
    r"""[A-Za-z]{0,2}(?:"{3}.{0,4000}?"{3}|'{3}.{0,4000}?'{3}|\\"[^"\n]*+"|"(?:[^"\\\n]|\\.)*+"?"""
    r"""|'(?:[^'\\\n]|\\.)*+'?)|[^\s=]\S*+""",
    re.DOTALL,
)
#: The beginning of `password = VALUE`, `"password": VALUE`, `password: str = VALUE`,
#: `environ["PASSWORD"] = VALUE`, and `--password VALUE`.
_ASSIGNED = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]++)(?:["'\])\\]{0,4}[ \t]{0,20}"""
    r"""(?::[ \t]{0,8}[\w.\[\]|, ]{1,60}=|:=|=>?|:)(?!=)[ \t]{0,20}"""
    r"""|(?P<blank>[ \t]{1,20})(?![-=:]))"""
)


def is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if _SECRET_WORDS.intersection(words) or any(word.endswith(_ENDINGS) for word in words):
        return True
    if words in (["token"], ["pass"]):
        return True
    return any(
        (second in ("token", "key") and first in _BEFORE)
        or (second == "pass" and first in _BEFORE_PASS)
        for first, second in pairwise(words)
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
            shown.append(masked_lines(argument))
        hide = not equals and argument.startswith("-") and is_secret_name(argument)
    return shown


def masked_lines(text: str) -> str:
    """Source text: known forms, and what is assigned to a secret's name."""

    text = masked_text(text)
    shown, at = [], 0
    while (found := _ASSIGNED.search(text, at)) is not None:
        end = found.end("name")
        if (
            (not found["blank"] or found["name"].startswith("--"))
            and is_secret_name(found["name"])
            and (value := _VALUE.match(text, found.end())) is not None
        ):
            shown += [text[at : found.end()], MASK]
            at = value.end()
            continue
        shown.append(text[at:end])
        at = end
    return "".join(shown) + text[at:]


def masked(name: str, value: Any, depth: int = 0, hide: bool = False) -> Any:
    """A parameter's or fact's value: masked as a whole by its name, else where its form tells.

    What lies below a secret's name is a secret too (`hide`).
    """
    own = name.rpartition(".")[2]
    if isinstance(value, str):
        return MASK if value and (hide or is_secret_name(own)) else masked_text(value)
    if depth > 20:  # deeper than anything that is kept
        return MASK
    if isinstance(value, Mapping):
        hide = hide or is_secret_name(own)
        return {key: masked(str(key), one, depth + 1, hide) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(name, one, depth + 1, hide) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and _is_secret_number(own):
        return MASK
    return value


def _is_secret_number(name: str) -> bool:
    """`db_password` is, `password_length` and `token` (as an index) are not."""
    words = _WORD.findall(name.lower())
    return (
        is_secret_name(name)
        and len(words) > 0
        and words != ["token"]
        and (words[-1] in _SECRET_WORDS or words[-1] in ("key", "token"))
    )
