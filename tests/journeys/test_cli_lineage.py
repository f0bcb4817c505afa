"""`strongroom lineage` while many versions wait to be looked into."""

from __future__ import annotations

from tests.journeys.commands import strongroom


def test_a_question_does_not_wait_for_versions_without_end(place, make_file):
    """As after a change of the catalog, when all versions wait."""
    for n in range(501):
        folder = make_file(f"many/f{n}", b"%d" % n).parent
    strongroom("add", "--each", folder, registry=place)
    first = strongroom("lineage", "f0", registry=place)
    assert "not all versions are looked into yet" in first.stderr
    assert strongroom("lineage", "f0", registry=place).stderr == ""
