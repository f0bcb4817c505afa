"""The panel of one version: what it is, where it came from, what it holds, what was said of it."""

from strongroom.gui.detail.panel import DetailPanel

__all__ = ["DetailPanel"]
