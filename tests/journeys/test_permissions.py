"""What the operating system forbids is said in words, with an exit code of its own."""

from __future__ import annotations

import os

import pytest

from strongroom.bootstrap import open_registry
from strongroom.domain.errors import Denied, Unreachable
from strongroom.settings import Settings


@pytest.mark.parametrize(
    ("number", "kind"), [(13, Denied), (30, Denied), (1, Denied), (5, Unreachable)]
)
def test_a_registry_that_may_not_be_written_is_denied(place, monkeypatch, number, kind):
    """Root may write everywhere, so the system's answer is put in its mouth."""
    real = os.open

    def refuse(path, *rest, **more):
        if str(path).endswith("open.lock"):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(kind) as caught:
        open_registry(place, Settings(), "cli")
    assert os.strerror(number) in str(caught.value)
