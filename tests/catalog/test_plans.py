"""How SQLite answers the questions that are asked for every file: by an index that fits."""

from __future__ import annotations

from typing import Any

from strongroom.catalog.catalog import running, version_with_content


class Explaining:
    """A transaction that keeps the plan of what it was asked."""

    def __init__(self, tx: Any) -> None:
        self._tx, self.plan = tx, ""

    def execute(self, sql: str, values: Any) -> Any:
        steps = self._tx.execute(f"explain query plan {sql}", values).fetchall()
        self.plan = "\n".join(step[3] for step in steps)
        return self._tx.execute(sql, values)


def test_known_content_is_found_without_walking_all_versions_of_its_artifact(registry):
    with registry.desk.engine.snapshot() as tx:
        asked = Explaining(tx)
        version_with_content(asked, "name", bytes(32))
    assert "versions_artifact_content (artifact_id=? AND content=?)" in asked.plan


def test_runs_that_go_on_are_found_without_walking_all_that_ever_ran(registry):
    """The worker asks every few seconds, and each training when it begins."""

    class Engine:
        def rows(self, sql, values):
            plan.extend(
                row[3] for row in registry.desk.engine.rows(f"explain query plan {sql}", values)
            )
            return []

    plan: list[str] = []
    running(Engine(), "", "track")
    assert plan == ["SEARCH r USING INDEX runs_going_on (watch_id=?)"]
