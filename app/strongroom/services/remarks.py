"""Labels and notes: what people add to a version after it was sealed."""

from __future__ import annotations

from strongroom.domain.digest import text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import resolve, show
from strongroom.services.views import Document

MAX_NOTE = 20_000


@act("version.label")
def label(desk: Desk, reference: str, key: str, value: str) -> Document:
    """Puts the label `key=value` on a version; the version as `show` gives it comes back."""
    if (
        not key
        or len(key) > 255
        or not key.replace("-", "").replace("_", "").replace(".", "").replace("/", "").isalnum()
    ):
        raise BadInput("a label's name has letters, digits, - _ . and /", key, "write name=value")
    return _remark(desk, reference, "version.labelled", {"key": key, "value": value})


@act("version.note")
def note(desk: Desk, reference: str, text: str) -> Document:
    """Adds a note to a version; the version as `show` gives it comes back."""
    if not text.strip():
        raise BadInput("a note needs a text", reference, "write what you want to remember")
    if len(text) > MAX_NOTE:
        raise BadInput(f"a note has at most {MAX_NOTE} characters", reference, "shorten it")
    return _remark(desk, reference, "version.noted", {"text": text})


def _remark(desk: Desk, reference: str, action: str, details: Document) -> Document:
    row = resolve(desk, reference)
    target = {
        "type": "version",
        "name": row.artifact,
        "tag": f"v{row.n}",
        "digest": text_of(row.content),
    }
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        recorder.write(Draft(action, target, {"n": row.n, **details}))
    return show(desk, f"{row.artifact}@v{row.n}")
