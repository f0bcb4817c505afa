"""What the shell offers after a tab: names, tags, files of a version, runs, folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from strongroom.cli.frame import Frame
from strongroom.domain.errors import StrongroomError

_MOST = 50
Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offer(find: Callable[[Any, click.Context, str], list[str]]) -> Offer:
    """`find` as click wants it; where the registry cannot be asked, nothing is offered."""

    def offer(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            registry = context.ensure_object(Frame).open()
            found = find(registry, context, incomplete)
        except (StrongroomError, click.UsageError):
            return []
        return [CompletionItem(one) for one in found if one.startswith(incomplete)]

    return offer


def _names(registry: Any, context: click.Context, incomplete: str) -> list[str]:
    if '"' in incomplete:  # cannot be said in a filter
        return []
    page = registry.list_artifacts(f'name:"{incomplete}*"', limit=_MOST)
    return [a["name"] for a in page["artifacts"]]


def _references(registry: Any, context: click.Context, incomplete: str) -> list[str]:
    name, at, _ = incomplete.partition("@")
    if not at:
        return _names(registry, context, incomplete)
    page = registry.list_versions(name, limit=_MOST)
    return [f"{name}@{v['tag']}" for v in page["versions"]]


def _paths(registry: Any, context: click.Context, incomplete: str) -> list[str]:
    reference = context.params.get("reference")
    if not reference:
        return []
    version = registry.show(reference)
    return [f["path"] for f in version["manifest"]["files"] if "path" in f][:1000]


def _runs(registry: Any, context: click.Context, incomplete: str) -> list[str]:
    return [r["id"] for r in registry.list_runs(limit=_MOST)["runs"]]


names = _offer(_names)
references = _offer(_references)
paths_of_version = _offer(_paths)
runs = _offer(_runs)


def folders(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]
