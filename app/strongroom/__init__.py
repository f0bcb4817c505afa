"""Strongroom: a registry that keeps every version of a team's models, data and metrics.

`strongroom.track()` and `strongroom.open()` are the SDK (`sdk/`); it loads when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strongroom.sdk import Registry as Registry
    from strongroom.sdk import Run as Run
    from strongroom.sdk import StrongroomError as StrongroomError
    from strongroom.sdk import Version as Version
    from strongroom.sdk import open as open
    from strongroom.sdk import track as track

__version__ = "0.1.0"

_SDK = ("Registry", "Run", "StrongroomError", "Version", "open", "track")


def __getattr__(name: str) -> Any:
    if name in _SDK:
        from strongroom import sdk

        return getattr(sdk, name)
    raise AttributeError(f"module 'strongroom' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_SDK]
