"""Who may do what: one table, one function, called by every use case through one decorator.

An embedded registry has one actor, its operating-system owner, with every right; roles and
grants join here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from strongroom.domain.errors import Denied
from strongroom.services.desk import Desk

P = ParamSpec("P")
R = TypeVar("R")

#: Which acts each role may do. Every act of the product is named here, so that a misspelt one
#: fails at import and not at the first denial.
RIGHTS: dict[str, frozenset[str]] = {
    "owner": frozenset(
        {
            "version.add",
            "version.find",
            "version.read",
            "version.verify",
            "version.repair",
            "version.label",
            "version.note",
            "run.find",
            "run.write",
            "lineage.find",
            "lineage.link",
            "lineage.decide",
            "lineage.infer",
            "metric.find",
            "metric.direct",
            "watch.find",
            "watch.write",
            "job.find",
            "job.write",
            "registry.check",
            "registry.rebuild",
            "registry.collect",
        }
    ),
}
_ACTS = frozenset().union(*RIGHTS.values())


def act(
    name: str,
) -> Callable[[Callable[Concatenate[Desk, P], R]], Callable[Concatenate[Desk, P], R]]:
    """Marks a use case as the act `name`; it raises `Denied` where the actor lacks the right."""
    if name not in _ACTS:
        raise ValueError(f"no role has the act {name!r}")

    def wrap(use_case: Callable[Concatenate[Desk, P], R]) -> Callable[Concatenate[Desk, P], R]:
        @functools.wraps(use_case)
        def checked(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if name not in RIGHTS[desk.role]:
                raise Denied(f"{desk.actor} may not do this", name, "ask the registry's owner")
            return use_case(desk, *args, **kwargs)

        return checked

    return wrap
