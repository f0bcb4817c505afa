"""Runs and tables as large as they are promised to be, read by the limited child."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from strongroom.services.inspection import Inspector, Piece

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux for memory"),
]


def peak(inspector: Inspector) -> int:
    """The most memory that the child has had, in MiB."""
    assert inspector._child is not None
    lines = Path(f"/proc/{inspector._child.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


@pytest.fixture
def inspector():
    found = Inspector()
    found.warm_up()
    yield found
    found.close()


def test_twenty_curves_of_a_million_points_are_kept_whole(inspector, tmp_path):
    path, noise = tmp_path / "metrics.csv", random.Random(1)
    tails = [",".join(f"{noise.random():.6f}" for _ in range(20)) for _ in range(1000)]
    with open(path, "w") as out:
        out.write("step," + ",".join(f"m{n}" for n in range(20)) + "\n")
        out.writelines(f"{step},{tails[step % 1000]}\n" for step in range(1_000_000))
    began = time.monotonic()
    answer = inspector.read_run("plain", [Piece("metrics.csv", file=str(path))])
    assert answer["warnings"] == [] and len(answer["series"]) == 20
    assert all(len(one) == 1_000_000 for one in answer["series"].values())
    assert answer["series"]["m7"][999_999].step == 999_999
    assert time.monotonic() - began < 60 and peak(inspector) < 800


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_of_five_million_rows_is_described_in_little_memory(inspector, tmp_path, suffix):
    path, rows = tmp_path / f"large.{suffix}", 5_000_000
    if suffix == "csv":
        with open(path, "w") as out:
            out.write("id,age,income,city,score,label\n")
            out.writelines(
                f"{n},{n % 90},{n * 0.37:.2f},city_{n % 500},{n / 7!r},{n % 2 == 0}\n"
                for n in range(rows)
            )
    else:
        import pyarrow as arrow
        from pyarrow import parquet

        table = arrow.table({"id": range(rows), "word": [f"w{n % 700}" for n in range(rows)]})
        parquet.write_table(table, path)
    idle, began, signs = peak(inspector), time.monotonic(), []
    found = inspector.look_deeply(Piece(path.name, file=str(path)), lambda: signs.append(1))
    assert (found["kind"], found["rows"], found["partial"]) == ("table", rows, False)
    (ident, *_) = found["columns"]
    assert (ident["min"], ident["max"]) == (0, rows - 1)
    assert abs(ident["quantiles"][50] - rows / 2) < 0.01 * rows
    assert time.monotonic() - began < 90 and signs
    assert peak(inspector) - idle < 200
