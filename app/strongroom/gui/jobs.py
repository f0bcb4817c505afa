"""Jobs in words, and the list of the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from strongroom.domain.errors import printable
from strongroom.domain.quantities import size_text
from strongroom.gui.pieces import Button, Elided, Icon, column, frame, label, row
from strongroom.gui.popup import Popup
from strongroom.gui.theme import Theme, font
from strongroom.gui.wording import count_text, plural, span_text

Job = Mapping[str, Any]
#: Job kind → (while it runs, when it is done).
_WORDS = {
    "add": ("Adding", "Added"),
    "verify": ("Verifying", "Verified"),
    "export": ("Exporting", "Exported"),
}
STATES = {
    "queued": ("hourglass", "text2"),
    "running": ("loader-circle", "accent"),
    "done": ("circle-check", "green"),
    "failed": ("triangle-alert", "red"),
    "cancelled": ("circle-slash", "grey"),
}


def job_title(job: Job) -> str:
    """`Adding out/run-7`, `Exported fraud@v3`."""
    doing, done = _WORDS.get(job["kind"], (job["kind"], job["kind"]))
    arguments = job["arguments"]
    what = arguments.get("title") or arguments.get("reference") or ""
    if job["kind"] == "verify" and not what:
        what = ", ".join(arguments.get("references") or ()) or "everything"
    return f"{done if job['state'] == 'done' else doing} {what}".strip()


def job_detail(job: Job) -> str:
    """How far it is, what came of it, or why it failed."""
    progress, result = job["progress"], job["result"]
    if job["state"] == "running" and progress:
        return progress_text(progress)
    if job["state"] == "failed":
        error = result.get("error", {})
        return ": ".join(error[k] for k in ("message", "object", "hint") if error.get(k))
    if job["state"] != "done":
        return {"queued": "waiting", "cancelled": "cancelled, nothing of it was kept"}.get(
            job["state"], ""
        )
    if job["kind"] == "add":
        versions = result.get("versions", ())
        new = sum(v["created"] for v in versions)
        known = len(versions) - new
        return ", ".join(
            text
            for count, text in (
                (new, plural(new, "new version")),
                (known, f"{count_text(known)} already stored"),
            )
            if count
        )
    if job["kind"] == "verify":
        damaged, mended = len(result.get("damaged", ())), len(result.get("repaired", ()))
        found = plural(damaged, "damaged one") if damaged else "all sound"
        more = f", {count_text(mended)} mended" if mended else ""
        return f"{plural(result.get('checked', 0), 'stored file')}, {found}{more}"
    if job["kind"] == "export":
        return printable(str(result.get("path", "")))
    return ""


def progress_text(progress: Mapping[str, Any]) -> str:
    """`1.2 of 1.9 GiB, 310.0 MiB/s, 2.3 s left`."""
    total, done, rate = progress["total_bytes"], progress["bytes"], progress["rate"]
    if not total:
        return plural(progress["files"], "file")
    parts = [f"{size_text(done)} of {size_text(total)}"]
    if progress["total_files"] > 1:
        parts.insert(0, f"{count_text(progress['files'])} of {progress['total_files']} files")
    if rate > 0:
        parts.append(f"{size_text(rate)}/s")
        if total > done:
            parts.append(f"{span_text((total - done) / rate)} left")
    return ", ".join(parts)


def look_of(job: Job) -> tuple[str, str]:
    """Icon and colour of how it ended or stands; a check that found damage is no good news."""
    if job["state"] == "done" and len(job["result"].get("damaged", ())) > len(
        job["result"].get("repaired", ())
    ):
        return STATES["failed"]
    return STATES[job["state"]]


def has_verified(job: Job) -> bool:
    """Whether what is known of damage may have changed by this job."""
    return job["kind"] == "verify" and job["state"] in ("done", "failed")


def share(progress: Mapping[str, Any]) -> int:
    """Per mille, for a bar."""
    total = progress.get("total_bytes") or 0
    return min(1000, round(1000 * progress.get("bytes", 0) / total)) if total else 0


class JobsPopup(Popup):
    """The last jobs, with what became of them; running ones can be cancelled."""

    def __init__(
        self, theme: Theme, parent: QWidget, jobs: list[Job], cancel: Callable[[int], object]
    ) -> None:
        super().__init__(parent, 460)
        layout = column(0, 10, 0, 10, spacing=2)
        head = label("Jobs", fnt=font(13, 600))
        head.setContentsMargins(16, 0, 16, 4)
        layout.addWidget(head)
        if not jobs:
            none = label("Adding, exporting and verifying show up here.", "second")
            none.setContentsMargins(16, 4, 16, 4)
            layout.addWidget(none)
        for job in jobs[:10]:
            layout.addWidget(frame("rule"))
            layout.addWidget(self._line(theme, job, cancel))
        self.setLayout(layout)

    def _line(self, theme: Theme, job: Job, cancel: Callable[[int], object]) -> QWidget:
        line = QWidget()
        layout = row(16, 6, 10, 6, spacing=10)
        icon, colour = look_of(job)
        layout.addWidget(Icon(theme, icon, colour, 15))
        words = column(spacing=1)
        words.addWidget(Elided(job_title(job), "", font(13, 500)))
        detail = label(job_detail(job), "bad" if job["state"] == "failed" else "second", font(12))
        detail.setWordWrap(True)
        words.addWidget(detail)
        layout.addLayout(words, 1)
        if job["state"] in ("queued", "running"):
            layout.addWidget(
                Button(theme, "Cancel", "", "ghost", lambda: (cancel(job["id"]), self.close()))
            )
        line.setLayout(layout)
        return line
