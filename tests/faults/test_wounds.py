"""Random damage to whole registries: no wrong byte, no tag that changes its meaning, nothing made
worse by looking or mending, everything that is left is found, and doctor says what is wrong.

`python -m tests.faults.wounds SEED FOLDER --play` repeats one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.fast import fast_folder
from tests.faults.wounds.bases import KINDS, Base, make_base
from tests.faults.wounds.play import make_case, play

SEEDS = 100
SLOW_SEEDS = 1000


@pytest.fixture(scope="session")
def base_of() -> Iterator[Callable[[int], Base]]:
    """The base that a seed wounds a copy of; each is made once."""
    with fast_folder() as folder:

        @cache
        def made(kind: int) -> Base:
            below = folder / str(kind)
            below.mkdir()
            return make_base(kind, below)

        yield lambda seed: made(seed % KINDS)


def check(seed: int, base: Base) -> None:
    with fast_folder() as folder:
        case = play(make_case(seed, base, folder), folder)
    assert not case.problems, case.report()


def grouped(seeds: range) -> list[object]:
    """Seeds of one base go to one process, which then makes no other."""
    return [
        pytest.param(seed, marks=pytest.mark.xdist_group(f"wounds{seed % KINDS}")) for seed in seeds
    ]


@pytest.mark.parametrize("seed", grouped(range(2 * KINDS)))
def test_a_sound_registry_stays_as_it_is(seed, base_of):
    """What wounded ones go through does nothing to one that has no wounds."""
    with fast_folder() as folder:
        case = play(make_case(seed, base_of(seed), folder, only=()), folder)
    assert not case.problems, case.report()


@pytest.mark.parametrize("seed", grouped(range(SEEDS)))
def test_wounds(seed, base_of):
    check(seed, base_of(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", grouped(range(SEEDS, SLOW_SEEDS)))
def test_more_wounds(seed, base_of):
    check(seed, base_of(seed))
