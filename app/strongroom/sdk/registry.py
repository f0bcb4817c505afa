"""A registry for scripts, and the versions that they add."""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.domain.errors import BadInput
from strongroom.sdk.values import plain_params

if TYPE_CHECKING:
    from strongroom.services.local import LocalRegistry


@dataclass(frozen=True, slots=True)
class Version:
    """What `add` made or found. `pending`: it waits in the queue and has no tag yet.

    Where there was no room to queue it either, nothing is kept, and it has no digest.
    """

    name: str
    tag: str | None
    kind: str
    content_digest: str
    record_digest: str | None = None
    created: bool = True
    pending: bool = False

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.tag or self.content_digest}"


def open(place: str | os.PathLike[str] | None = None, *, token: str | None = None) -> Registry:
    """Opens a registry: the one that the command line finds, or the one at `place`.

    Raises `StrongroomError`. A context manager; else call `close`.
    """
    return Registry(open_local(place, token))


def open_local(place: str | os.PathLike[str] | None, token: str | None = None) -> LocalRegistry:
    from strongroom.bootstrap import open_registry
    from strongroom.settings import load

    return open_registry(place_of(place, token), load(), "sdk")


def place_of(place: str | os.PathLike[str] | None, token: str | None = None) -> Path:
    """Where the registry lies that the command line would find, or that at `place`."""
    from strongroom.settings import load, registry_path

    settings = load()
    chosen = os.fspath(place) if place is not None else os.environ.get("STRONGROOM_REGISTRY")
    chosen = chosen or settings["registry.path"]
    if "://" in chosen or token is not None:
        raise BadInput(
            "this version has no registries on a server", chosen, "name a folder instead"
        )
    return registry_path(chosen, settings)


class Registry:
    """An open registry for scripts; documents are the JSON objects of the command line."""

    def __init__(self, local: LocalRegistry) -> None:
        self._local = local

    @property
    def place(self) -> str:
        return self._local.place

    def get(self, reference: str, into: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Writes the verified content; where it is comes back. Raises `StrongroomError`.

        `into` ending in `/` is a folder to write into.
        """
        text = os.fspath(into)
        self._local.get(reference, Path(text), force=force, as_folder=text.endswith("/"))
        return Path(text)

    def add(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        kind: str | None = None,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        inputs: Sequence[str] = (),
        note: str = "",
    ) -> Version:
        """Versions a file or a folder as one whole."""
        return added(self._local, path, name, kind, None, params, metrics, inputs, note)

    def show(self, reference: str) -> dict[str, Any]:
        return self._local.show(reference)

    def list(
        self, filter: str = "", *, kind: str | None = None, limit: int = 100
    ) -> builtins.list[Any]:
        """Artifacts with their newest version."""
        found: builtins.list[Any] = self._local.list_artifacts(filter, kind, limit)["artifacts"]
        return found

    def versions(self, name: str, filter: str = "", *, limit: int = 100) -> builtins.list[Any]:
        found: builtins.list[Any] = self._local.list_versions(name, filter, limit=limit)["versions"]
        return found

    def run(self, run: str, *, series: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = self._local.show_run(run, series)["run"]
        return found

    def lineage(self, reference: str, *, depth: int | None = None) -> dict[str, Any]:
        return self._local.lineage(reference, depth=depth)

    def link(self, reference: str, source: str, *, reason: str = "") -> dict[str, Any]:
        return self._local.link(reference, source, reason=reason)

    def label(self, reference: str, key: str, value: str) -> dict[str, Any]:
        return self._local.label(reference, key, value)

    def note(self, reference: str, text: str) -> dict[str, Any]:
        return self._local.note(reference, text)

    def close(self) -> None:
        self._local.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def added(
    registry: LocalRegistry,
    path: str | os.PathLike[str],
    name: str | None,
    kind: str | None,
    run: str | None,
    params: Mapping[str, Any] | None,
    metrics: Mapping[str, Any] | None,
    inputs: Sequence[str],
    note: str,
) -> Version:
    """Versions a path as one whole, as made by `run`."""
    from strongroom.domain.facts import Kind
    from strongroom.services.add import AddOptions

    if kind is not None and kind not in list(Kind):
        raise BadInput("there is no such kind", kind, "choose " + ", ".join(Kind))
    options = AddOptions(
        name=name,
        kind=Kind(kind) if kind else None,
        run=run,
        params=plain_params(params),
        metrics=plain_params(metrics),
        inputs=inputs,
        note=note,
        split="whole",
    )
    (made,) = registry.add([os.fsencode(path)], options)["versions"]
    return Version(
        made["name"], made["tag"], made["kind"], made["content_digest"], made["record_digest"],
        made["created"],
    )  # fmt: skip
