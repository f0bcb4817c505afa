"""A callback for Keras: `model.fit(…, callbacks=[StrongroomCallback("churn")])`.

Keras is imported by whoever imports this module, never by the rest of Strongroom.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras.callbacks import Callback

from strongroom.sdk.run import Run, track


class StrongroomCallback(Callback):
    """Logs each epoch's values, the optimizer's settings, and the trained model.

    `run`: one that was begun before and is ended elsewhere. `model_name`: what the model's
    artifact is called, by default the run's name; None keeps no model.
    """

    def __init__(
        self,
        name: str = "",
        *,
        run: Run | None = None,
        params: Mapping[str, Any] | None = None,
        model_name: str | None = "",
        **options: Any,
    ) -> None:
        super().__init__()
        self.run = run
        self._owns = run is None
        self._name, self._params, self._options = name, dict(params or {}), options
        self._model_name = model_name

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.run is None:
            self.run = track(self._name or self.model.name, params=self._params, **self._options)
        said = {k: v for k, v in (self.params or {}).items() if isinstance(v, int | float | str)}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            config = optimizer.get_config()
            said |= {
                f"optimizer.{k}": v for k, v in config.items() if isinstance(v, int | float | str)
            }
        self.run.log_params(said)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.run is not None and logs:
            self.run.log(dict(logs), step=epoch)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.run is None:
            return
        if self._model_name is not None:
            name = self._model_name or self.run.name
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.keras"
                self.model.save(path)
                self.run.add(path, name=name, kind="model")
        if self._owns:
            self.run.finish()
            self.run = None
