"""Inferred lineage: rules that find what a version was made from, where nobody said so.

One module a rule, in a table. A rule looks only at versions committed before, says how sure it is
and why; a person confirms or refuses, and what was refused is never proposed again.
"""

from __future__ import annotations

import logging

from strongroom.catalog import catalog, edges, profiles
from strongroom.catalog.catalog import VersionRow
from strongroom.domain.digest import text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import StrongroomError
from strongroom.services import profiles as deep_profiles
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.inference import (
    adapter_base,
    checkpoint_order,
    same_preprocessing,
    shared_tensors,
    table_rows,
)
from strongroom.services.inference.rule import Candidate, Rule
from strongroom.services.progress import Progress, quiet

log = logging.getLogger(__name__)
#: In order: of two rules that find the same origin, the first one's reason stays.
RULES: tuple[Rule, ...] = (
    shared_tensors.rule,
    adapter_base.rule,
    checkpoint_order.rule,
    table_rows.rule,
    same_preprocessing.rule,
)
_BATCH = 50


@act("lineage.infer")
def catch_up(desk: Desk, progress: Progress | None = None, limit: int | None = None) -> int:
    """Looks into versions that wait for it, oldest first; how many came through comes back.

    Each is profiled (`services/profiles.py`) and then asked for its origins. Raises `Cancelled`;
    what was done until then stays done.
    """
    progress = progress or quiet()
    if desk.engine.read_only:
        return 0
    done = 0
    while limit is None or done < limit:
        some = profiles.waiting(desk.engine, _BATCH if limit is None else min(_BATCH, limit - done))
        if not some:
            return done
        found: list[tuple[VersionRow, list[Candidate]]] = []
        for row in catalog.versions_by_ids(desk.engine, some):
            found.append((row, _looked_into(desk, row, progress)))
            progress.tick()
        _write(desk, some, found)
        done += len(some)
    return done


def _looked_into(desk: Desk, row: VersionRow, progress: Progress) -> list[Candidate]:
    """One version that a rule stumbles over is passed over; all others wait behind it."""
    try:
        deep_profiles.look_into(desk, row.id, progress.tick)
        return _origins(desk, row)
    except StrongroomError:
        raise
    except Exception:
        log.exception("%s@v%d cannot be looked into", row.artifact, row.n)
        return []


def _origins(desk: Desk, row: VersionRow) -> list[Candidate]:
    return [
        candidate for rule in RULES if row.kind in rule.kinds for candidate in rule.find(desk, row)
    ]


def _write(desk: Desk, looked: list[int], found: list[tuple[VersionRow, list[Candidate]]]) -> None:
    """One transaction: the new edges as facts, and nothing waits any more."""
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        for row, candidates in found:
            node = ("version", str(row.id))
            known = {e.start for e in edges.edges_into(recorder.tx, node)}
            if row.run_id:
                run = ("run", row.run_id)
                known |= {e.start for e in edges.edges_into(recorder.tx, run)}
            for candidate in candidates:
                start = ("version", str(candidate.source.id))
                if start in known or start == node:
                    continue  # it is known, be it that a person refused it
                known.add(start)
                recorder.write(
                    Draft(
                        "lineage.inferred",
                        {
                            "type": "version",
                            "name": row.artifact,
                            "tag": f"v{row.n}",
                            "digest": text_of(row.content),
                        },
                        {
                            "n": row.n,
                            "from": f"{candidate.source.artifact}@v{candidate.source.n}",
                            "relation": candidate.relation,
                            "rule": candidate.rule,
                            "confidence": candidate.confidence,
                            "reason": candidate.reason,
                        },
                    )
                )
        for version in looked:
            profiles.looked_into(recorder.tx, version)
