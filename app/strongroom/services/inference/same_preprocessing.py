"""A model that carries the very file that is a version of its own (a scaler, a tokenizer) was made
with it. That two models carry the same file says little: tokenizers are shared by strangers.
"""

from __future__ import annotations

import re

from strongroom.catalog import blobs, profiles
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference.rule import Candidate, Rule

NAME = "same preprocessing file"
_TELLING = re.compile(
    r"(tokenizer|vocab|merges|spiece|sentencepiece|preprocess|scaler|encoder|feature_extractor|"
    r"normalizer|label_map|labels?)[^/]*\.(json|txt|model|joblib|pkl|pickle|ya?ml)$",
    re.IGNORECASE,
)
#: A smaller file can be equal by chance ("{}").
_LEAST = 64
_MOST_FILES = 256


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The oldest version that is the file and nothing else, of another run and name."""
    found: dict[int, Candidate] = {}
    for path, digest, size in profiles.files_of(desk.engine, row.id, _MOST_FILES):
        name = path.decode("utf-8", "surrogateescape")
        if size < _LEAST or not _TELLING.search(name):
            continue
        for other in blobs.versions_holding(desk.engine, digest):
            if other.id >= row.id:
                break
            if other.files != 1 or other.content == row.content or other.artifact == row.artifact:
                continue
            if other.run_id is not None and other.run_id == row.run_id:
                continue
            reason = f"it holds the very file {name.rpartition('/')[2]}"
            found.setdefault(other.id, Candidate(other, NAME, 0.8, reason, "uses"))
            break
    return list(found.values())[:3]


rule = Rule(NAME, frozenset({"model", "config"}), find)
