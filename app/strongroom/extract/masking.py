"""Secrets in what files say, masked before anybody keeps it: by the name of a value, by its look.

The file itself stays what it is; only facts of it go into records, lists and searches.
"""

from __future__ import annotations

import re
from typing import Any

#: Stands where a secret was.
MASK = "[masked]"
#: `token` alone is a word of language models (`pad_token`), so only tokens that let one in count.
_NAME = (
    r"(?:password|passwd|passphrase|pwd|secret|client[_-]?secret|api[_-]?key|apikey|"
    r"(?:secret|access|private|account|encryption|signing)[_-]?key|credentials?|"
    r"(?:auth|access|refresh|bearer|api|session|hub|hf|github|gitlab|slack|bot|"
    r"push_to_hub|use_auth)[_-]?token)"
)
_NAMED = re.compile(rf"(?:.*[._/-])?{_NAME}\Z", re.I)
# Every repetition is bounded: a text of thousands of hyphens would else take seconds.
_FLAGGED = rf"--?(?:[\w-]{{0,40}}[_-])?{_NAME}"
_VARIABLE = rf"\b\w{{0,40}}{_NAME}\s{{0,9}}=\s{{0,9}}"
_IN_COMMAND = re.compile(rf"((?<![\w-]){_FLAGGED}(?:=|\s{{1,9}})|{_VARIABLE})([^\s'\"]+)", re.I)
_FLAG = re.compile(rf"{_FLAGGED}\Z", re.I)
_LOOKS = re.compile(
    r"hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|"
    r"github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|A(?:KIA|SIA)[0-9A-Z]{16}|"
    r"xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}|"
    r"\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{5,}|"
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*"
)
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]{0,100}):([^\s/@]{1,200})(?=@)")


class Masking:
    """Masks values and remembers under which names it did."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def value(self, name: str, value: Any) -> Any:
        """The same value, with what is secret in it masked, however deep."""
        if isinstance(value, str):
            masked = MASK if _is_secret(name, value) else _without_secrets(value)
            if masked != value and name not in self.names:
                self.names.append(name)
            return masked
        if isinstance(value, dict):
            return {
                key: self.value(f"{name}.{key}" if name else str(key), one)
                for key, one in value.items()
            }
        if isinstance(value, (list, tuple)):
            found, hidden = [], False
            for one in value:  # of a command line, what follows `--api-key`
                flag = isinstance(one, str) and bool(_FLAG.match(one))
                if hidden and isinstance(one, str) and not one.startswith("-"):
                    one = MASK
                    self.names.append(name)
                found.append(self.value(name, one))
                hidden = flag
            return found
        return value

    def told(self) -> tuple[str, ...]:
        """The sentence that says so, if anything was masked."""
        if not self.names:
            return ()
        names = list(dict.fromkeys(self.names))
        shown = ", ".join(name[:100] for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return (f"What looks like a secret is masked: {shown}{more}.",)


def _is_secret(name: str, value: str) -> bool:
    """A placeholder such as `<HUB_TOKEN>` or `${TOKEN}` is none."""
    placeholder = not value.strip() or value.strip()[:1] in "<$" or value == MASK
    return bool(_NAMED.match(name)) and not placeholder and value.lower() not in ("none", "null")


def _without_secrets(text: str) -> str:
    text = _LOOKS.sub(MASK, text)
    text = _IN_ADDRESS.sub(rf"\1:{MASK}", text)
    return _IN_COMMAND.sub(rf"\1{MASK}", text)
