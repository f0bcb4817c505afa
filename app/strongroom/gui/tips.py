"""Tooltips of texts that files say: shown as they are, never taken for markup."""

from __future__ import annotations

import html


def tip(text: str) -> str:
    """What a tooltip shows as plain text, whatever it holds; lines stay lines."""
    if "<" not in text and "&" not in text:
        return text  # nothing in it could be markup
    return "<span>" + html.escape(text).replace("\n", "<br>") + "</span>"
