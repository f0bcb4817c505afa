"""What a data file holds, told column by column and in little memory."""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.extract import profile_arrow
from strongroom.extract.cells import of_texts, of_values
from strongroom.extract.profile import profile
from strongroom.formats.source import Unreadable, source_from_bytes, source_from_file


def described(name: str, text: str | bytes) -> dict:
    data = text.encode() if isinstance(text, str) else text
    found = profile(source_from_bytes(name, data))
    assert found is not None
    json.dumps(found)
    return found


def columns(found: dict) -> dict[str, dict]:
    return {column["name"]: column for column in found["columns"]}


TABLE = (
    "id,score,city,ok,empty,when\n"
    "1,0.5,Bonn,true,,2024-01-02\n"
    "2,,Bonn,False,,2024-01-03\n"
    "3,1.5,Köln,TRUE,,\n"
    "4,-2,NA,true,,2024-01-01\n"
)


def test_each_column_is_told_by_what_it_holds() -> None:
    found = described("data.csv", TABLE)
    assert (found["kind"], found["rows"], found["partial"]) == ("table", 4, False)
    told = columns(found)
    assert {name: one["type"] for name, one in told.items()} == {
        "id": "int", "score": "float", "city": "text", "ok": "bool", "empty": "empty",
        "when": "text",
    }  # fmt: skip
    assert {name: one["nulls"] for name, one in told.items()} == {
        "id": 0, "score": 1, "city": 1, "ok": 0, "empty": 4, "when": 1,
    }  # fmt: skip
    assert (told["id"]["min"], told["id"]["max"], told["id"]["mean"]) == (1, 4, 2.5)
    assert isinstance(told["id"]["min"], int) and told["id"]["distinct"] == 4
    score = told["score"]
    assert (score["min"], score["max"], score["mean"], score["std"]) == (
        -2,
        1.5,
        0,
        pytest.approx(1.802775637731995),
    )
    assert len(score["quantiles"]) == 101 and score["quantiles"][50] == 0.5
    assert told["city"]["top"] == [["Bonn", 2], ["Köln", 1]] and not told["city"]["approximate"]
    assert told["ok"]["top"] == [["true", 3], ["false", 1]]
    assert (told["when"]["min"], told["when"]["max"]) == ("2024-01-01", "2024-01-03")
    assert told["empty"]["distinct"] == 0 and "min" not in told["empty"]


def test_numbers_that_are_not_finite_are_counted_apart() -> None:
    told = columns(described("x.csv", "a,b\n1,inf\n2,-inf\nnan,\n4,Infinity\n"))
    assert (told["a"]["nulls"], told["a"]["mean"]) == (1, 7 / 3)
    assert told["b"]["infinite"] == 3 and told["b"]["min"] is None and told["b"]["quantiles"] == []


def test_words_among_numbers_make_a_column_of_words() -> None:
    told = columns(described("x.csv", "code\n007\n12\nA1\nA1\n"))["code"]
    assert told["type"] == "text" and told["top"] == [["A1", 2], ["(numbers)", 2]]


def test_json_lines_are_a_table_too() -> None:
    lines = [
        {"a": 1, "text": "x", "tags": ["u", "v"], "ok": True},
        {"a": 2.5, "text": "y", "late": None},
        {"a": None, "text": "x", "late": 7},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\nbroken\n" + '{"a": 9'
    found = described("x.jsonl", text)
    assert found["rows"] == 3 and found["partial"] and found["why"] == "1 lines are no JSON"
    told = columns(found)
    assert (told["a"]["type"], told["a"]["max"], told["a"]["nulls"]) == ("float", 2.5, 1)
    assert told["tags"]["top"] == [['["u", "v"]', 1]] and told["tags"]["nulls"] == 2
    assert (told["late"]["type"], told["late"]["nulls"]) == ("int", 2)
    assert told["ok"]["type"] == "bool"


def test_a_semicolon_table_has_decimal_commas() -> None:
    told = columns(described("x.csv", "a;b\n1,5;u\n2,5;v\n"))
    assert (told["a"]["type"], told["a"]["mean"]) == ("float", 2.0)


def test_other_files_have_no_profile_and_damaged_ones_say_so() -> None:
    assert profile(source_from_bytes("x.png", b"\x89PNG")) is None
    with pytest.raises(Unreadable):
        profile(source_from_bytes("x.jsonl", b"nothing\n"))
    with pytest.raises(Unreadable):
        profile(source_from_bytes("x.csv", b"\n\n"))
    found = described("x.csv", "a,b\n")
    assert found["rows"] == 0 and [c["name"] for c in found["columns"]] == ["a", "b"]


def test_a_damaged_end_is_told_and_the_rest_described() -> None:
    rows = "".join(f"{n},x\n" for n in range(150_000))
    found = described("x.csv", "a,b\n" + rows + '1,"' + "z" * 200_000)
    assert found["partial"] and "only the first" in found["why"] and found["rows"] > 0


def test_too_many_columns_are_left_out_and_told() -> None:
    wide = ",".join(f"c{n}" for n in range(2500)) + "\n" + ",".join(["1"] * 2500) + "\n"
    found = described("x.csv", wide)
    assert len(found["columns"]) == 2000 and "beyond the first 2000" in found["why"]


cells = st.one_of(
    st.none(), st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.booleans(),
    st.text("abcäß ,\"'", min_size=1, max_size=8).map(lambda t: f"w{t}w"),
)  # fmt: skip


def as_csv(rows: list[list], names: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([["" if c is None else c for c in row] for row in rows])
    return out.getvalue()


@given(st.lists(st.tuples(st.integers(0, 5), cells, cells), min_size=1, max_size=30))
def test_a_table_and_json_lines_of_the_same_rows_are_told_alike(rows: list[tuple]) -> None:
    names = ["a", "b", "c"]
    table = described("x.csv", as_csv([list(r) for r in rows], names))
    lines = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
    records = described("x.jsonl", lines)
    assert table["row_sketch"] == records["row_sketch"]
    for one, other in zip(table["columns"], records["columns"], strict=True):
        assert one == other
    for name, place in zip(names, range(3), strict=True):
        column = columns(table)[name]
        values = [row[place] for row in rows]
        assert column["nulls"] == sum(v is None for v in values)
        keys = {
            (str(v).lower() if isinstance(v, bool) else v.strip() if isinstance(v, str) else v)
            for v in values
            if v is not None
        }
        assert column["distinct"] == len(keys)


@given(st.lists(st.one_of(st.integers(-99, 99), st.floats(-9, 9), st.none()), max_size=40))
def test_cells_of_texts_and_of_values_are_the_same(values: list) -> None:
    texts = ["" if v is None else repr(v) for v in values]
    for found in (of_texts(texts), of_texts([*texts, "x"]), of_values([*values, "x"])):
        n = len(values)
        assert found.hashes[:n].tolist() == of_values(values).hashes.tolist()
        assert sorted(found.numbers) == sorted(float(v) for v in values if v is not None)
        assert found.whole == all(isinstance(v, int) for v in values if v is not None)


def contained(part: dict, whole: dict) -> float:
    """Which share of a sketch is in the other one, of what can be there."""
    hashes = whole["row_sketch"]["hashes"]
    full = len(hashes) == whole["row_sketch"]["k"]
    mine = [h for h in part["row_sketch"]["hashes"] if not full or h <= hashes[-1]]
    return sum(h in set(hashes) for h in mine) / len(mine)


def test_a_part_of_a_file_is_known_by_its_rows() -> None:
    noise = np.random.default_rng(3)
    rows = [[n, float(noise.normal()), f"w{n % 13}"] for n in range(8000)]
    names = ["id", "x", "word"]
    whole = described("all.csv", as_csv(rows, names))
    part = [rows[n] for n in noise.permutation(8000)[:2000]]
    assert contained(described("part.csv", as_csv(part, names)), whole) == 1.0
    # the same rows with columns in another order and numbers spelled in another way
    spelled = [[f"{word}  ", f"{x:.17e}", f"{ident}.0"] for ident, x, word in part]
    other = described("part.tsv", as_csv(spelled, ["word", "x", "id"]).replace(",", "\t"))
    assert contained(other, whole) == 1.0
    strange = [[n, float(noise.normal()), "w1"] for n in range(8000)]
    assert contained(described("s.csv", as_csv(strange, names)), whole) == 0.0


def test_progress_is_told_in_bytes_and_may_end_the_work() -> None:
    data = ("a,b\n" + "1,2\n" * 500_000).encode()
    heard: list[int] = []
    profile(source_from_bytes("x.csv", data), heard.append)
    assert heard == sorted(heard) and heard[-1] == len(data) and len(heard) > 3

    def enough(done: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        profile(source_from_bytes("x.csv", data), enough)


CHILD = """
import os, sys, time, json
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy
from strongroom.services import inspection_child
from strongroom.extract.profile import profile
from strongroom.formats.source import source_from_file
if sys.argv[1].endswith(".parquet"):
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    import pyarrow.parquet
def peak():
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(lines["VmHWM"].split()[0])
inspection_child._limit(1 << 30)
before = peak()
found = profile(source_from_file(os.path.basename(sys.argv[1]), sys.argv[1]))
print(json.dumps([found["rows"], peak() - before]))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux for its memory")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_is_described_in_the_limited_child_in_bounded_memory(
    tmp_path: Path, suffix: str
) -> None:
    path, count = tmp_path / f"large.{suffix}", 400_000
    if suffix == "csv":
        with open(path, "w") as out:
            out.write("a,b,c\n")
            out.writelines(f"{n},{n / 7!r},word {n % 5000}\n" for n in range(count))
    else:
        import pyarrow as arrow
        from pyarrow import parquet

        parquet.write_table(
            arrow.table({"a": range(count), "pixels": [bytes(300)] * count}),
            path,
            compression="none",
            use_dictionary=False,
        )
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows, taken = json.loads(done.stdout)
    assert rows == count and taken < 120 << 10, "KiB resident"


def test_parquet_and_arrow_files_are_told_like_tables(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    words = ["Bonn", None, "Köln", "Bonn"]
    table = arrow.table(
        {
            "id": [1, 2, 3, None],
            "score": [0.5, None, float("inf"), -2.0],
            "city": words,
            "coded": arrow.array(words).dictionary_encode(),
            "ok": [True, False, None, True],
            "price": arrow.array([1, 2, 3, 4]).cast(arrow.decimal128(25, 2)),
            "when": arrow.array([0, 1, 2, None], arrow.timestamp("s")),
            "nothing": arrow.nulls(4),
            "pixels": [b"\x00\xff"] * 4,
            "vector": [[1.0, 2.0]] * 4,
        }
    )
    parquet.write_table(table, tmp_path / "x.parquet", row_group_size=3)
    with arrow.ipc.new_stream(tmp_path / "x.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    with arrow.ipc.new_file(tmp_path / "x.feather", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    all_found = [
        profile(source_from_file(name, tmp_path / name))
        for name in ("x.parquet", "x.arrow", "x.feather")
    ]
    for found in all_found:
        assert found is not None and found["rows"] == 4 and not found["partial"]
        told = columns(found)
        assert [c["name"] for c in found["columns"]] == table.schema.names
        assert (told["id"]["nulls"], told["id"]["max"], told["id"]["mean"]) == (1, 3, 2.0)
        assert (told["score"]["infinite"], told["score"]["min"]) == (1, -2.0)
        for name in ("city", "coded"):
            assert told[name]["top"] == [["Bonn", 2], ["Köln", 1]] and told[name]["nulls"] == 1
        assert told["ok"]["top"] == [["true", 2], ["false", 1]]
        assert told["price"]["mean"] == 2.5 and told["when"]["min"] == "1970-01-01 00:00:00"
        assert told["nothing"]["nulls"] == 4 and told["pixels"]["nulls"] is None
        assert found["row_sketch"] == all_found[0]["row_sketch"]


def test_without_pyarrow_the_footer_tells_what_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    table = arrow.table(
        {"a": [3, None, -1, 7], "b": ["x", "y", "z", "w"], "c": [0.5, 1.5, -9.0, 2.0],
         "d": arrow.array([1, 2, 3, 200], arrow.uint8())}
    )  # fmt: skip
    parquet.write_table(table, tmp_path / "x.parquet", row_group_size=2)

    def missing() -> None:
        raise ImportError

    monkeypatch.setattr(profile_arrow, "_arrow", missing)
    found = profile(source_from_file("x.parquet", tmp_path / "x.parquet"))
    assert found is not None and found["partial"] and "pyarrow" in found["why"]
    told = {n: (c["nulls"], c["min"], c["max"]) for n, c in columns(found).items()}
    assert found["rows"] == 4 and found["row_sketch"] is None
    assert told == {
        "a": (1, -1, 7), "b": (0, "w", "z"), "c": (0, -9.0, 2.0), "d": (0, 1, 200),
    }  # fmt: skip


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    parquet.write_table(arrow.table({"a": list(range(1000))}), tmp_path / "x.parquet")
    data = (tmp_path / "x.parquet").read_bytes()
    for broken in (data[:-30], data[:100], data[:4] + bytes(len(data) - 4)):
        with pytest.raises(Unreadable):
            profile(source_from_bytes("x.parquet", broken))


def test_most_frequent_words_of_very_many_are_about_right() -> None:
    rows = [f"w{n}" for n in range(30_000)] + ["often"] * 5000
    told = columns(described("x.csv", "word\n" + "\n".join(rows) + "\n"))["word"]
    assert told["approximate"] and told["top"][0][0] == "often"
    count = Counter(rows)["often"]
    assert count - len(rows) / 1001 <= told["top"][0][1] <= count and len(told["top"]) <= 20
