"""XGBoost's models as UBJSON; those as JSON are told by `json_shapes`.

Format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

from __future__ import annotations

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.json_shapes import xgboost_model
from strongroom.extract.reader import Reader
from strongroom.formats.source import Source
from strongroom.formats.ubjson import read_ubjson

_HEAD = b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner"


def fits(source: Source) -> bool:
    return source.head.startswith(_HEAD) or source.name.lower().endswith(".ubj")


def read(source: Source) -> Facts:
    found = xgboost_model(read_ubjson(source), "ubjson")
    return found or Facts(Kind.OTHER, "ubjson")


reader = Reader("xgboost", 1, fits, read)
