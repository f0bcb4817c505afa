"""The first tab: run, metrics against the version before, parameters, provenance and the rest."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout

from strongroom.gui import wording
from strongroom.gui.bridge import Bridge
from strongroom.gui.detail.labels import LabelsSection
from strongroom.gui.detail.metrics import MetricsSection, RunMetricsSection
from strongroom.gui.detail.parameters import ParametersSection
from strongroom.gui.detail.provenance import facts, known_of, named_inputs
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import Section, pair, value_line, words
from strongroom.gui.library.columns import run_name
from strongroom.gui.pieces import Button, Elided, Icon, column, frame, label, row, scrolled
from strongroom.gui.theme import MARGIN, Theme, font, mono
from strongroom.gui.tips import tip

_MOST = 60
_LAYOUTS = {
    "mlflow": "MLflow", "hydra": "Hydra", "hf_trainer": "Hugging Face Trainer",
    "hf_model": "Hugging Face", "lightning": "Lightning", "ultralytics": "Ultralytics",
    "dvc": "DVC", "tensorboard": "TensorBoard", "wandb": "Weights & Biases",
    "diffusers": "Diffusers",
}  # fmt: skip


class Overview(QScrollArea):
    """`show_version(reference)`, `filter_run(run)`: links; `changed`: a label was added."""

    show_version = Signal(str)
    filter_run = Signal(str)
    changed = Signal()

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge = bridge
        run = RunSection(theme)
        run.filter_run.connect(self.filter_run)
        inputs = InputsSection(theme)
        inputs.show_version.connect(self.show_version)
        metrics = MetricsSection(theme), RunMetricsSection(theme)
        for one in metrics:
            one.directed.connect(self._direct)
        self.labels = LabelsSection(bridge, theme)
        self.labels.changed.connect(self.changed)
        self.sections: tuple[Section, ...] = (
            WarningsSection(theme),
            run,
            *metrics,
            ParametersSection(theme),
            ProvenanceSection(theme),
            inputs,
            NamedInputsSection(theme),
            StructureSection(theme),
            self.labels,
            SourceSection(theme),
        )
        inside = column(MARGIN, 12, MARGIN, 4, spacing=0)
        for section in self.sections:
            inside.addWidget(section)
        inside.addStretch(1)
        made = scrolled(inside)
        self.setWidget(made.takeWidget())
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(made.horizontalScrollBarPolicy())

    def _direct(self, name: str, direction: str | None) -> None:
        self._bridge.ask(
            lambda registry: registry.direct_metric(name, direction), lambda _: self.changed.emit()
        )

    def show_of(self, reading: Reading) -> None:
        for section in self.sections:
            section.show_of(reading)


class WarningsSection(Section):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "WARNINGS")

    def facts(self, reading: Reading) -> Any:
        version = reading.version
        return version["warnings"] and (version["damaged"], list(version["warnings"]))

    def fill(self, facts: Any) -> None:
        damaged, warnings = facts
        for warning in warnings[:8]:
            red = damaged and warning.startswith("damaged")
            box = frame("fault" if red else "warning")
            line = row(10, 6, 10, 6, spacing=8)
            icon = Icon(self._theme, "triangle-alert", "red" if red else "amber", 14)
            beside = column()
            beside.addSpacing(2)
            beside.addWidget(icon)
            beside.addStretch(1)
            line.addLayout(beside)
            line.addWidget(words(warning), 1)
            box.setLayout(line)
            self.body.addWidget(box)
        more(self.body, len(warnings), 8)


class RunSection(Section):
    filter_run = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "PRODUCING RUN")

    def facts(self, reading: Reading) -> Any:
        version, run = reading.version, reading.run
        if not version["run"]:
            return None
        if run is None:
            return (version["run"], version["run"], "", None, "unknown", "")
        layout = run["layout"] or ""
        known = "its own declaration"
        if layout and layout not in ("declared", "track"):
            tool = _LAYOUTS.get(layout)
            known = f"its files, as {tool} writes them" if tool else "the files of its folder"
        host = next((f.text for f in facts(run["provenance"]) if f.name == "Host" and f.known), "")
        took = None
        if run["started_at"] and run["ended_at"] and run["started_at"] != run["ended_at"]:
            took = run["started_at"], run["ended_at"]
        return (version["run"], run_name(version), run["status"], took, known, host)

    def fill(self, facts: Any) -> None:
        run, name, status, took, known, host = facts
        line = pair("Run")
        line.addWidget(Icon(self._theme, "circle-play", "amber", 14))
        link = Button(
            self._theme,
            name if len(name) < 26 else f"{name[:12]}…{name[-12:]}",
            "",
            "inline",
            lambda: self.filter_run.emit(run),
        )
        link.setFont(mono())
        link.setToolTip(tip(f"Show run {run}"))
        link.setAccessibleName(f"Run {name}")
        line.addWidget(link)
        line.addWidget(label(status, "caption", font(12)))
        line.addStretch(1)
        self.body.addLayout(line)
        value_line(self.body, "Told by", known, "", in_mono=False)
        if took is not None:
            line = pair("Took")
            text = label(_span(*took), "", mono())
            text.setToolTip(f"{wording.exact(took[0])} to {wording.exact(took[1])}")
            line.addWidget(text)
            if host:
                line.addWidget(Elided(f"on {host}", "second", font(12)), 1)
            else:
                line.addStretch(1)
            self.body.addLayout(line)


class ProvenanceSection(Section):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "PROVENANCE")

    def facts(self, reading: Reading) -> Any:
        version, run = reading.version, reading.run
        found = facts(version["provenance"], run["provenance"] if run else {})
        return found if version["run"] or any(fact.known for fact in found) else None

    def fill(self, found: Any) -> None:
        known, expected = known_of(found)
        self.beside.setText(f"{known} of {expected} known")
        for fact in found:
            if fact.known:
                value_line(self.body, fact.name, fact.text, "", fact.mono)
        unknown = [fact.name if fact.name == "Python" else fact.name.lower() for fact in found
                   if not fact.known]  # fmt: skip
        if unknown:  # one line: what nobody said must not hide what is known
            line = pair("Unknown")
            line.addWidget(words(", ".join(unknown), "caption"), 1)
            self.body.addLayout(line)


class InputsSection(Section):
    show_version = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "MADE FROM")

    def facts(self, reading: Reading) -> Any:
        return list(reading.version["inputs"])

    def fill(self, facts: Any) -> None:
        for ref in facts[:_MOST]:
            line = row(spacing=8)
            if "@" in ref:
                line.addWidget(self._link(ref))
                line.addStretch(1)
            else:
                line.addWidget(Elided(ref, "", mono(12)), 1)
            self.body.addLayout(line)
        more(self.body, len(facts))

    def _link(self, ref: str) -> Button:
        # a digest is too long to be read; its beginning tells it from others
        name, at, selector = ref.rpartition("@")
        short = selector if len(selector) < 16 else selector[:15] + "…"
        link = Button(
            self._theme, f"{name}{at}{short}", "", "inline", lambda: self.show_version.emit(ref)
        )
        link.setFont(mono())
        link.setToolTip(tip(ref))
        return link


class NamedInputsSection(Section):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "NAMED INPUTS")

    def facts(self, reading: Reading) -> Any:
        run = reading.run["provenance"] if reading.run else {}
        return named_inputs(reading.version["provenance"], run)

    def fill(self, facts: Any) -> None:
        self.beside.setText("not in the registry")
        for name in facts:
            self.body.addWidget(Elided(name, "", mono(12)))


class StructureSection(Section):
    """What the files say of their structure, one line a file."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "STRUCTURE")

    def facts(self, reading: Reading) -> Any:
        about = reading.version["about"]
        return [(path, text) for path, one in about.items() if (text := wording.about_text(one))]

    def fill(self, facts: Any) -> None:
        for path, text in facts[:12]:
            self.body.addWidget(Elided(path, "second", mono(11)))
            self.body.addWidget(words(text))
        more(self.body, len(facts), 12)


class SourceSection(Section):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "TAKEN FROM")

    def facts(self, reading: Reading) -> Any:
        return reading.version["source"] and (reading.version["source"], reading.folder is None)

    def fill(self, facts: Any) -> None:
        source, gone = facts
        self.beside.setText("no longer there" if gone else "")
        self.body.addWidget(Elided(source, "second", mono(11)))


def more(body: QVBoxLayout, count: int, most: int = _MOST) -> None:
    if count > most:
        body.addWidget(label(f"and {wording.count_text(count - most)} more", "caption", font(12)))


def _span(started: str, ended: str) -> str:
    from strongroom.domain.timestamps import parse_rfc3339

    return wording.span_text(max(0.0, (parse_rfc3339(ended) - parse_rfc3339(started)) / 1e6))
