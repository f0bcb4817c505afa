"""What every test may use: a registry of its own, and nothing of the user's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.services.add import AddOptions
from strongroom.services.local import LocalRegistry
from strongroom.settings import Settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def nothing_of_the_user(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Settings, logs and window state go to a folder of this test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("STRONGROOM_SETTINGS", str(home / "settings.toml"))
    monkeypatch.setenv("STRONGROOM_LOGS", str(home / "logs"))
    monkeypatch.setenv("STRONGROOM_STATE", str(home / "state"))
    monkeypatch.delenv("STRONGROOM_REGISTRY", raising=False)
    return home


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(place: Path) -> Iterator[LocalRegistry]:
    opened = create_registry(place, Settings(), "cli")
    yield opened
    opened.close()


@pytest.fixture
def reopen(place: Path) -> Iterator[Callable[[], LocalRegistry]]:
    """Opens the test's registry once more, as another process would."""
    opened: list[LocalRegistry] = []

    def again() -> LocalRegistry:
        opened.append(open_registry(place, Settings(), "cli"))
        return opened[-1]

    yield again
    for one in opened:
        one.close()


def add(registry: LocalRegistry, path: Path, **options: object) -> dict:
    """Adds one path and answers the one version."""
    answer = registry.add([os.fsencode(path)], AddOptions(**options))  # type: ignore[arg-type]
    (version,) = answer["versions"]
    return version


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, data: bytes = b"some bytes") -> Path:
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return make


@pytest.fixture(scope="session")
def realruns() -> Path:
    """Real training output with its `expected.json`, made by tests/realruns/make_runs.py."""
    chosen = os.environ.get("STRONGROOM_REALRUNS")
    if not chosen or not (Path(chosen) / "expected.json").exists():
        pytest.fail(
            "the real training output is missing: run ./packaging/test, which makes it, or set "
            "STRONGROOM_REALRUNS to a folder that tests/realruns/make_runs.py has filled"
        )
    return Path(chosen)
