"""Every way an act can fail that a user should hear about, with what to do next."""

from __future__ import annotations


class StrongroomError(Exception):
    """`what` happened, to which `thing`, and a `hint` at what the user can do.

    `code` is stable and machine-readable; `exit_code` is the command line's answer (api.md §1).
    """

    code = "failed"
    exit_code = 1

    def __init__(self, what: str, thing: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.thing, self.hint = what, thing, hint

    def __str__(self) -> str:
        return ": ".join(printable(part) for part in (self.what, self.thing, self.hint) if part)

    def document(self) -> dict[str, str]:
        return {
            "code": self.code,
            "message": printable(self.what),
            "hint": printable(self.hint),
            "object": printable(self.thing),
        }


def printable(text: str) -> str:
    """`text` on one line, safe for a terminal: control and direction characters are escaped."""
    return "".join(
        c if c.isprintable() or c == " " else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )


class BadInput(StrongroomError):
    """A name, reference, option or file that cannot mean anything here."""

    code = "bad_input"
    exit_code = 2


class NotFound(StrongroomError):
    code = "not_found"
    exit_code = 3


class Denied(StrongroomError):
    code = "denied"
    exit_code = 4


class Conflict(StrongroomError):
    """It exists, changed meanwhile, is ambiguous, protected or held."""

    code = "conflict"
    exit_code = 5


class Damaged(StrongroomError):
    """Stored bytes are not the ones their digest names, or a structure cannot be read."""

    code = "damaged"
    exit_code = 6


class Busy(StrongroomError):
    """Someone else holds the lock or lease."""

    code = "busy"
    exit_code = 7


class Unreachable(StrongroomError):
    """The store, or the source of a file, does not answer."""

    code = "unreachable"
    exit_code = 8


class NoSpace(StrongroomError):
    code = "no_space"
    exit_code = 9


class Cancelled(StrongroomError):
    """The user asked to stop; nothing of the act is left."""

    code = "cancelled"
    exit_code = 1
