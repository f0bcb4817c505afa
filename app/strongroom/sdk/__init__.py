"""What a training script needs, and no more: `track()` a run, `open()` a registry."""

from __future__ import annotations

from strongroom.domain.errors import StrongroomError
from strongroom.sdk.registry import Registry, Version, open
from strongroom.sdk.run import Run, track

__all__ = ["Registry", "Run", "StrongroomError", "Version", "open", "track"]
