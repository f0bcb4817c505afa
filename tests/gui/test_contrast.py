"""Every text of the theme can be read on what it stands on."""

from __future__ import annotations

import pytest

from strongroom.gui.theme import DARK, LIGHT

GROUNDS = ("window", "panel", "panel2", "sidebar", "sunken", "selected", "accent_soft")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_links_pills_and_filled_buttons_reach_four_and_a_half_to_one(colours):
    pairs = [
        (text, ground, contrast(getattr(colours, text), getattr(colours, ground)))
        for text in ("text", "text2", "text3", "accent_text")
        for ground in GROUNDS
    ]
    pairs += [
        ("white", fill, contrast("#FFFFFF", getattr(colours, fill)))
        for fill in ("accent_fill", "accent_hover", "approve", "destroy")
    ]
    for name, tone in colours.tones.items():
        pairs += [
            (name, ground, contrast(tone.text, fill))
            for ground, fill in (("its pill", tone.fill), ("panel", colours.panel))
        ]
        pairs += [(text, f"{name} fill", contrast(getattr(colours, text), tone.fill))
                  for text in ("text", "text2")]  # fmt: skip
    assert [pair for pair in pairs if pair[2] < 4.5] == []
