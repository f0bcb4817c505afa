"""A callback for Lightning: `Trainer(callbacks=[StrongroomCallback("fraud-train")])`.

Lightning is imported by whoever imports this module, never by the rest of Strongroom.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from strongroom.sdk.run import Run, track


class StrongroomCallback(Callback):
    """Logs what the module logs, its hyperparameters, and the checkpoints that are kept.

    `run`: one that was begun before and is ended elsewhere. `checkpoint_name`: what the
    checkpoints' artifact is called, by default the run's name and `/checkpoint`. Only the first
    rank makes a run; the others join it.
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
        self._added: set[str] = set()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if self.run is None:
            name = self._name or type(pl_module).__name__
            self.run = track(name, params=self._params, **self._options)
        hparams = {k: v for k, v in dict(pl_module.hparams).items() if _is_plain(v)}
        if hparams:
            self.run.log_params(hparams)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step % max(1, trainer.log_every_n_steps) == 0:
            self._log(trainer, trainer.logged_metrics)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._log(trainer, trainer.callback_metrics)
        self._add_checkpoints(trainer)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._log(trainer, trainer.callback_metrics)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._log(trainer, trainer.callback_metrics)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        if self.run is not None and self._owns:
            self.run.fail(exception)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._add_checkpoints(trainer)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if self.run is not None and self._owns:
            self.run.finish()
            self.run = None

    def _log(self, trainer: Trainer, metrics: Mapping[str, Any]) -> None:
        if self.run is not None and trainer.is_global_zero and metrics:
            self.run.log(dict(metrics), step=trainer.global_step)

    def _add_checkpoints(self, trainer: Trainer) -> None:
        """Each file that a checkpoint callback keeps, once it is there."""
        if self.run is None or not self._checkpoints or not trainer.is_global_zero:
            return
        for callback in trainer.checkpoint_callbacks:
            kept = {str(p) for p in getattr(callback, "best_k_models", {})}
            kept |= {str(getattr(callback, name, "") or "") for name in
                     ("best_model_path", "last_model_path")}  # fmt: skip
            for path in sorted(kept - self._added - {""}):
                if Path(path).exists():
                    name = self._checkpoint_name or f"{self.run.name}/checkpoint"
                    self.run.add(path, name=name, kind="model")
                    self._added.add(path)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | list | tuple | dict)
