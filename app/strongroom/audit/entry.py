"""Journal entries: canonical JSON, each with the hash of the one before (design §10)."""

from __future__ import annotations

from typing import Any

from strongroom.domain import canonical
from strongroom.domain.digest import digest_of, text_of
from strongroom.domain.entry import Draft, Entry
from strongroom.domain.timestamps import parse_rfc3339, rfc3339


class BadEntry(ValueError):
    """A journal line is not an entry, or its hash does not match."""


def seal(
    draft: Draft, seq: int, at: int, actor: str, origin: str, request_id: str, prev: str
) -> Entry:
    """The entry that `draft` becomes as number `seq` after the entry with hash `prev`."""
    body: dict[str, Any] = {
        "seq": seq,
        "time": rfc3339(at),
        "actor": actor,
        "action": draft.action,
        "object": dict(draft.object),
        "outcome": draft.outcome,
        "origin": origin,
        "request_id": request_id,
        "details": dict(draft.details),
        "prev": prev,
    }
    digest = text_of(digest_of(canonical.dumps(body)))
    line = canonical.dumps({**body, "hash": digest})
    return Entry(
        seq,
        at,
        actor,
        draft.action,
        body["object"],
        draft.outcome,
        origin,
        request_id,
        body["details"],
        prev,
        digest,
        line,
    )


def parse(line: bytes) -> Entry:
    """Reads a line and checks its own hash; raises `BadEntry`."""
    try:
        body = canonical.loads(line)
        claimed = body.pop("hash")
        if text_of(digest_of(canonical.dumps(body))) != claimed:
            raise BadEntry("the entry's hash does not match its content")
        return Entry(
            body["seq"],
            parse_rfc3339(body["time"]),
            body["actor"],
            body["action"],
            body["object"],
            body["outcome"],
            body["origin"],
            body["request_id"],
            body["details"],
            body["prev"],
            claimed,
            line.rstrip(b"\n"),
        )
    except BadEntry:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadEntry(f"not a journal entry ({type(error).__name__})") from error
