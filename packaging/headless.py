"""The main job without a screen: a training writes, a watcher versions, a table and a picture.

Everything goes below `build/demo`; run it again and the same content makes no new version.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
DEMO = HERE / "build" / "demo"
BIN = Path(sys.executable).parent


def main() -> int:
    registry, output = DEMO / "registry", DEMO / "training-out"
    environment = {**os.environ, "STRONGROOM_REGISTRY": str(registry)}
    strongroom = str(BIN / "strongroom")

    def run(*arguments: str) -> None:
        subprocess.run([strongroom, *arguments], env=environment, check=True)

    output.mkdir(parents=True, exist_ok=True)
    if not (registry / "registry.json").exists():
        run("init", str(registry))
    print(f"\nWatching {output} while a training writes into it:", flush=True)
    watcher = subprocess.Popen(
        [strongroom, "watch", str(output), "--quiet-time", "0.5"], env=environment
    )
    try:
        train = [sys.executable, str(HERE / "resources" / "sample" / "train.py"), str(output)]
        subprocess.run([*train, "--name", "baseline"], check=True)
        subprocess.run([*train, "--name", "slower", "--lr", "0.05", "--pause", "0.05"], check=True)
        time.sleep(2)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.wait(30)
    run("-q", "watch", "--once", str(output), "--quiet-time", "0.5")  # ends the silent runs
    print("\nWhat the registry holds now:\n", flush=True)
    run("list")
    print(flush=True)
    run("run", "list")
    picture = DEMO / "window.png"
    subprocess.run(
        [str(BIN / "strongroom-gui"), "--registry", str(registry), "--picture", str(picture)],
        env={**environment, "QT_QPA_PLATFORM": "offscreen"},
        check=True,
    )
    print(f"\nA picture of the window is in {picture}")
    print("On a machine with a screen, open the window with: ./packaging/run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
