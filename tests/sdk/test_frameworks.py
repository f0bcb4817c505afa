"""Real trainings of Lightning, Transformers and Keras tell of themselves through the callbacks."""

from __future__ import annotations

import signal
import time
from textwrap import dedent

import pytest

from strongroom.services import tracking


@pytest.fixture
def trained(script, realruns):
    """Scripts run by the interpreter that has the real libraries."""
    python = realruns.parent / "venv" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"the real libraries are missing: run ./packaging/test, which makes {python}")
    script.python = str(python)
    script.environment |= {
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "KERAS_BACKEND": "torch",
        "CUDA_VISIBLE_DEVICES": "",
    }
    return script


def the_run(registry, name):
    (run,) = (r for r in registry.list_runs()["runs"] if r["name"] == name)
    return registry.show_run(run["id"], series=True)["run"]


LIGHTNING = """
    import sys, time, torch, lightning as L
    from torch.utils.data import DataLoader, TensorDataset
    from strongroom.sdk.lightning import StrongroomCallback

    class Net(L.LightningModule):
        def __init__(self, hidden=8, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Sequential(
                torch.nn.Linear(4, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 1))
        def training_step(self, batch, index):
            x, y = batch
            loss = torch.nn.functional.mse_loss(self.net(x), y)
            self.log("train_loss", loss)
            if SLOW:
                time.sleep(0.05)
            return loss
        def validation_step(self, batch, index):
            x, y = batch
            self.log("val_loss", torch.nn.functional.mse_loss(self.net(x), y))
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), self.hparams.lr)

    SLOW = EPOCHS > 5
    torch.manual_seed(1)
    x = torch.randn(64, 4)
    data = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 16)
    class Told(L.Callback):
        def on_train_epoch_end(self, trainer, module):
            print("epoch", trainer.current_epoch, flush=True)
    trainer = L.Trainer(max_epochs=EPOCHS, log_every_n_steps=1, enable_progress_bar=False,
                        accelerator="cpu", logger=False,
                        callbacks=[StrongroomCallback("light"), Told()])
    trainer.fit(Net(), data, data)
"""


def test_a_lightning_training(registry, trained):
    trained.run("EPOCHS = 3\n" + dedent(LIGHTNING))
    run = the_run(registry, "light")
    assert run["status"] == "finished"
    assert run["params"] == {"hidden": 8, "lr": 0.1}
    assert run["series"]["train_loss"]["points"] >= 12
    assert max(run["series"]["train_loss"]["steps"]) == 12
    assert "val_loss" in run["metrics"] and "torch" in run["provenance"]["packages"]
    assert run["outputs"] and all(o.startswith("light/checkpoint@v") for o in run["outputs"])
    version = registry.show(run["outputs"][-1])
    assert version["kind"] == "model" and version["run"] == run["id"]


def test_a_lightning_training_killed_in_the_middle(registry, trained):
    """The run is marked lost; what was added until then is whole."""
    process = trained.start("EPOCHS = 1000\n" + dedent(LIGHTNING))
    for line in process.stdout:
        if line.startswith("epoch 4"):
            break
    time.sleep(2.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert the_run(registry, "light")["status"] == "running"
    assert len(tracking.look_for_lost(registry.desk)) == 1
    run = the_run(registry, "light")
    assert run["status"] == "lost" and run["series"]["train_loss"]["points"] >= 16
    assert run["outputs"]
    assert registry.verify(run["outputs"])["damaged"] == []


def test_a_transformers_training(registry, trained):
    trained.run(
        """
        import torch
        from transformers import (BertConfig, BertForSequenceClassification, Trainer,
                                  TrainingArguments)
        from strongroom.sdk.transformers import StrongroomCallback

        torch.manual_seed(1)
        config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1,
                            num_attention_heads=2, intermediate_size=16)
        model = BertForSequenceClassification(config)
        data = [{"input_ids": torch.randint(0, 50, (8,)), "labels": torch.tensor(n % 2)}
                for n in range(16)]
        args = TrainingArguments("out", num_train_epochs=2, per_device_train_batch_size=4,
                                 logging_steps=1, save_steps=4, report_to=[], use_cpu=True,
                                 disable_tqdm=True, learning_rate=0.001)
        Trainer(model, args, train_dataset=data,
                callbacks=[StrongroomCallback("tune")]).train()
        """
    )
    run = the_run(registry, "tune")
    assert run["status"] == "finished"
    assert run["params"]["learning_rate"] == 0.001 and run["params"]["num_train_epochs"] == 2
    assert run["series"]["loss"]["steps"] == list(range(1, 9))
    assert [o.partition("@")[0] for o in run["outputs"]] == ["tune/checkpoint"] * 2
    files = registry.show(run["outputs"][0])["manifest"]["files"]
    assert "model.safetensors" in {f["path"] for f in files}


def test_a_keras_training(registry, trained):
    trained.run(
        """
        import numpy as np, keras
        from strongroom.sdk.keras import StrongroomCallback

        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
        x = np.random.default_rng(1).normal(size=(32, 4)).astype("float32")
        model.fit(x, x.sum(1, keepdims=True), epochs=3, verbose=0, validation_split=0.25,
                  callbacks=[StrongroomCallback("keras-run", model_name="churn")])
        """
    )
    run = the_run(registry, "keras-run")
    assert run["status"] == "finished" and run["outputs"] == ["churn@v1"]
    assert run["series"]["val_loss"]["steps"] == [0, 1, 2]
    assert abs(run["params"]["optimizer.learning_rate"] - 0.05) < 1e-6
    assert registry.show("churn")["kind"] == "model"
