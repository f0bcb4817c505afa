"""A callback for the Trainer of Transformers: `Trainer(callbacks=[StrongroomCallback("tune")])`.

Transformers is imported by whoever imports this module, never by the rest of Strongroom.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from strongroom.sdk.run import Run, track


class StrongroomCallback(TrainerCallback):
    """Logs what the trainer logs, its arguments, and the checkpoints that it saves.

    `run`: one that was begun before and is ended elsewhere. `checkpoint_name`: what the
    checkpoints' artifact is called, by default the run's name and `/checkpoint`.
    """

    def __init__(
        self,
        name: str = "",
        *,
        run: Run | None = None,
        params: Mapping[str, Any] | None = None,
        checkpoint_name: str = "",
        checkpoints: bool = True,
        **options: Any,
    ) -> None:
        self.run = run
        self._owns = run is None
        self._name, self._params, self._options = name, dict(params or {}), options
        self._checkpoints, self._checkpoint_name = checkpoints, checkpoint_name

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        if self.run is None:
            name = self._name or Path(args.output_dir or "trainer").name
            self.run = track(name, params=self._params, **self._options)
        said = args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else args.to_dict()
        self.run.log_params({k: v for k, v in said.items() if v is not None})

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if self.run is not None and logs:
            numbers = {k: v for k, v in logs.items() if isinstance(v, int | float)}
            self.run.log(numbers, step=state.global_step)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.run is None or not self._checkpoints:
            return
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if folder.is_dir():
            name = self._checkpoint_name or f"{self.run.name}/checkpoint"
            self.run.add(folder, name=name, kind="model")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.run is not None and self._owns:
            self.run.finish()
            self.run = None
