"""How a folder is watched, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.settings import Settings

MODES = (
    ("auto", "Group files by run, every other file by itself"),
    ("each", "Every file by itself"),
    ("whole", "The folder as one artifact"),
)
KEEP = (("all", "Every checkpoint"), ("best-last", "The best and the last checkpoint of a run"))


def rule_sentence(options: Mapping[str, Any], settings: Settings) -> str:
    """`Groups files by run, every other file by itself. Takes a file after 2 s of rest.`"""
    layout = options.get("layout")
    how = {
        "each": "Takes every file by itself",
        "whole": "Takes the whole folder as one artifact",
    }.get(str(options.get("mode")), "Groups files by run, every other file by itself")
    if layout:
        how = f"Groups files as {layout} lays them out"
    rest = settings["watch.quiet_time"]
    parts = [how, f"Waits until a file is still for {rest:g} s"]
    if options.get("keep") == "best-last":
        parts.append("Keeps the best and the last checkpoint of a run")
    if options.get("polling"):
        parts.append("Looks every few seconds, as network drives send no word of changes")
    return ". ".join(parts) + "."
