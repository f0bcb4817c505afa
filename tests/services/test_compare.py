"""Comparing versions and runs: exact numbers, typed values, and what cannot be read is named."""

from __future__ import annotations

import json
import math
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.errors import BadInput, Cancelled, NotFound
from strongroom.extract import tensor_change
from strongroom.extract.tensor_change import change, differences
from strongroom.extract.tensor_data import tensors_of
from strongroom.formats.source import source_from_bytes
from strongroom.services.compare import metrics, rows
from strongroom.services.progress import Progress
from tests.conftest import add


def safetensors(tensors: dict[str, tuple[str, np.ndarray]], **metadata: str) -> bytes:
    """A file with the tensors in the order given."""
    head: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, values) in tensors.items():
        raw = values.tobytes()
        offsets = [len(data), len(data) + len(raw)]
        head[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def layers(count: int = 6, seed: int = 0) -> dict[str, tuple[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    return {
        f"layer.{n}.weight": ("F32", random.normal(size=(20, 30)).astype("f4"))
        for n in range(count)
    }


def compared(a: bytes, b: bytes) -> dict:
    return differences(
        [source_from_bytes("a", a)], [source_from_bytes("b", b)], [], lambda count, total: None
    )


# ---------------------------------------------------------------------- tensors


def test_exactly_the_one_changed_layer_is_named(registry, make_file):
    """Other metadata and another order of the tensors are no difference."""
    before = layers()
    after = dict(reversed(before.items()))
    weight = before["layer.4.weight"][1].copy()
    weight[3, 7] += 0.5
    after["layer.4.weight"] = ("F32", weight)
    add(registry, make_file("m.safetensors", safetensors(before, step="1")), name="m")
    add(registry, make_file("m.safetensors", safetensors(after, step="2")), name="m")
    found = registry.diff("m@v1", "m@v2")["sections"]["tensors"]
    (one,) = found["changed"]
    assert (one["name"], one["dtype"], one["shape"]) == ("layer.4.weight", "F32", [20, 30])
    a, b = before["layer.4.weight"][1].astype("f8"), weight.astype("f8")
    assert one["relative_l2"] == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a), rel=1e-12)
    assert one["max_abs"] == float(np.abs(b - a).max())
    assert one["changed_share"] == 1 / 600
    assert (found["added"], found["removed"], found["same"]) == ([], [], 5)


def test_the_same_tensors_in_files_that_differ_are_the_same(registry, make_file):
    add(registry, make_file("m.safetensors", safetensors(layers(), a="1", b="2")), name="m")
    add(registry, make_file("m.safetensors", safetensors(layers(), b="2", a="1")), name="m")
    answer = registry.diff("m@v1", "m@v2", only=["tensors"])
    assert answer["sections"]["tensors"] == {"changed": [], "added": [], "removed": [], "same": 6}
    assert answer["different"] is False
    assert registry.diff("m@v1", "m@v2")["different"] is True  # the files differ


def test_shards_are_one_model(registry, tmp_path):
    tensors = list(layers().items())
    for name, shards in (("one", [tensors]), ("two", [tensors[:2], tensors[2:]])):
        folder = tmp_path / name
        folder.mkdir()
        for at, shard in enumerate(shards):
            (folder / f"model-{at}-of-{len(shards)}.safetensors").write_bytes(
                safetensors(dict(shard))
            )
    add(registry, tmp_path / "one", name="m")
    add(registry, tmp_path / "two", name="m")
    assert registry.diff("m@v1", "m@v2", ["tensors"])["sections"]["tensors"]["same"] == 6


def test_two_whole_models_in_one_version_are_told_apart_by_their_file(registry, tmp_path):
    for take in (1, 2):
        folder = tmp_path / f"take{take}" / "m"
        for at in (1, 2):
            (folder / f"checkpoint-{at}").mkdir(parents=True)
            tensors = layers(2, seed=at * (take if at == 2 else 1))
            (folder / f"checkpoint-{at}" / "m.safetensors").write_bytes(safetensors(tensors))
        add(registry, folder, name="m")
    found = registry.diff("m@v1", "m@v2", ["tensors"])["sections"]["tensors"]
    assert [one["name"] for one in found["changed"]] == [
        f"checkpoint-2/m.safetensors: layer.{n}.weight" for n in (0, 1)
    ]
    assert found["same"] == 2


def test_what_is_no_finite_number_is_told_as_such():
    a = np.array([1.0, np.nan, np.inf, 0.0], "f4")
    b = a.copy()
    b[3] = np.nan
    (one,) = compared(safetensors({"w": ("F32", a)}), safetensors({"w": ("F32", b)}))["changed"]
    assert math.isnan(one["relative_l2"]) and math.isnan(one["max_abs"])
    assert one["changed_share"] == 0.25


def test_whole_numbers_differ_exactly_and_zeros_grow_without_bound():
    big = np.array([2**62, -(2**62), 5], "i8")
    other = np.array([2**62 + 1, -(2**62), 5], "i8")
    (one,) = compared(safetensors({"n": ("I64", big)}), safetensors({"n": ("I64", other)}))[
        "changed"
    ]
    assert one["max_abs"] == 1.0 and one["changed_share"] == 1 / 3
    zero, not_zero = np.zeros(3, "f4"), np.ones(3, "f4")
    (one,) = compared(safetensors({"w": ("F32", zero)}), safetensors({"w": ("F32", not_zero)}))[
        "changed"
    ]
    assert one["relative_l2"] == math.inf


def test_another_type_or_shape_is_a_change_and_says_what_it_was():
    values = np.linspace(-1, 1, 12).astype("f4")
    half = safetensors({"w": ("F16", values.astype("f2"))})
    (one,) = compared(safetensors({"w": ("F32", values)}), half)["changed"]
    assert one["dtype"] == "F16" and one["was"] == {"dtype": "F32", "shape": [12]}
    assert 0 < one["relative_l2"] < 1e-3
    flat = compared(
        safetensors({"w": ("F32", values)}), safetensors({"w": ("F32", values.reshape(3, 4))})
    )["changed"][0]
    assert flat["relative_l2"] is None and flat["was"]["shape"] == [12]


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_measures_are_those_of_the_definition(before, data):
    a = np.array(before, "f4")
    b = np.array(
        data.draw(
            st.lists(
                st.floats(width=32, allow_nan=False, allow_infinity=False),
                min_size=len(a),
                max_size=len(a),
            )
        ),
        "f4",
    )
    (first,) = tensors_of(source_from_bytes("a", safetensors({"w": ("F32", a)})))
    (second,) = tensors_of(source_from_bytes("b", safetensors({"w": ("F32", b)})))
    found = change(first, second, lambda count: None)
    if a.tobytes() == b.tobytes():
        assert found is None
        return
    gap, base = b.astype("f8") - a.astype("f8"), np.linalg.norm(a.astype("f8"))
    assert found.max_abs == np.abs(gap).max()
    assert found.changed_share == np.mean(a.view("u4") != b.view("u4"))
    if base and np.isfinite(base):
        assert found.relative_l2 == pytest.approx(np.linalg.norm(gap) / base, rel=1e-9)


@pytest.mark.parametrize(
    ("code", "raw", "value"),
    [
        ("BF16", b"\x80\x3f", 1.0),
        ("F8_E5M2", b"\x3c", 1.0),
        ("F8_E4M3", b"\x38", 1.0),
        ("F8_E4M3", b"\x7e", 448.0),
        ("F8_E4M3", b"\x01", 2.0**-9),
        ("F8_E8M0", b"\x7f", 1.0),
    ],
)
def test_short_floats_are_decoded(code, raw, value):
    assert tensor_change.values(raw, code).tolist() == [value]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_compared(registry, tmp_path):
    for take in (1, 2):
        folder = tmp_path / f"take{take}" / "m"
        folder.mkdir(parents=True)
        (folder / "good.safetensors").write_bytes(safetensors(layers(2)))
        (folder / "broken.safetensors").write_bytes(safetensors(layers(1))[: 40 + take])
        add(registry, folder, name="m")
    found = registry.diff("m@v1", "m@v2", ["tensors"])["sections"]["tensors"]
    assert found["same"] == 2
    assert all("broken.safetensors" in warning for warning in found["warnings"])
    assert found["warnings"]


def test_a_comparison_that_is_cancelled_ends(registry, make_file):
    for seed in (1, 2):
        add(registry, make_file("m.safetensors", safetensors(layers(40, seed))), name="m")
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        registry.diff("m@v1", "m@v2", ["tensors"], progress)
    assert registry.diff("m@v1", "m@v2", ["tensors"])["sections"]["tensors"]["same"] == 0


def test_a_checkpoint_of_pytorch_is_compared(registry, realruns):
    """Two real ones of one training: what the optimizer and the model changed is named."""
    checkpoints = sorted((realruns / "pytorch_state_dict").rglob("*.pt*"))
    with zipfile.ZipFile(checkpoints[0]) as archive:
        assert any(name.endswith("/data.pkl") for name in archive.namelist())
    add(registry, checkpoints[0], name="m")
    answer = registry.diff("m@v1", "m@v1", ["tensors"])
    tensors = answer["sections"]["tensors"]
    assert tensors["same"] > 0 and not tensors["changed"] and "warnings" not in tensors


# ---------------------------------------------------------------------- values


def test_types_are_told_apart_and_nested_values_have_dotted_names(registry, make_file):
    first = {"a": 1, "b": {"c": [1, 2], "d": "1"}, "gone": True}
    second = {"a": 1.0, "b": {"c": [1, 2], "d": 1}, "new": None}
    path = make_file("x.bin", b"x")
    add(registry, path, name="x", params=first)
    add(registry, path, name="x", params=second, new_version=True)
    found = registry.diff("x@v1", "x@v2")["sections"]["params"]
    assert [one["name"] for one in found["changed"]] == ["a", "b.d"]
    assert found["changed"][1] == {"name": "b.d", "a": "1", "b": 1}
    assert found["added"] == [{"name": "new", "value": None}]
    assert found["removed"] == [{"name": "gone", "value": True}]
    assert found["same"] == 1


def test_metrics_know_which_way_is_better(registry, make_file):
    path = make_file("x.bin", b"x")
    first = {"auc": 0.9, "loss": 0.5, "odd": 1, "same": 2, "acc": math.nan, "old": 1}
    second = {"auc": 0.95, "loss": 0.6, "odd": 2, "same": 2.0, "acc": math.nan, "f1": 1}
    add(registry, path, name="x", metrics=first)
    add(registry, path, name="x", metrics=second, new_version=True)
    found = {one["name"]: one for one in registry.diff("x@v1", "x@v2")["sections"]["metrics"]}
    assert found["auc"]["better"] == "b" and found["auc"]["delta"] == pytest.approx(0.05)
    assert found["loss"]["better"] == "a" and found["odd"]["better"] == "unknown"
    assert found["same"]["better"] == found["acc"]["better"] == "same"
    assert found["old"]["b"] is None and found["f1"]["a"] is None
    assert found["f1"]["delta"] is None and found["f1"]["better"] == "unknown"


def test_three_stand_beside_each_other_against_any_baseline(registry, make_file):
    path = make_file("x.bin", b"x")
    for auc in (0.9, 0.8, 0.95):
        add(registry, path, name="x", metrics={"auc": auc}, new_version=True)
    found = registry.compare(["x@v1", "x@v2", "x@v3"], 1, "metrics")
    (row,) = found["rows"]
    assert row["values"] == [0.9, 0.8, 0.95] and row["best"] == [2]
    assert row["better"] == ["b", None, "b"]
    assert row["deltas"][0] == pytest.approx(0.1) and row["deltas"][1] is None
    assert (found["total"], found["differ"], found["baseline"]) == (1, 1, 1)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)))
def test_every_value_is_like_itself_and_unlike_its_text(value):
    assert rows.alike(value, value)
    assert rows.alike([value, {"k": value}], [value, {"k": value}])
    assert not rows.alike(value, [value])
    if not isinstance(value, str):
        assert not rows.alike(value, str(value))


@given(st.floats(), st.floats())
def test_better_turns_round_with_the_sides(a, b):
    turned = {"a": "b", "b": "a", "same": "same", "unknown": "unknown"}
    for way in ("higher", "lower", None):
        assert metrics.better(b, a, way) == turned[metrics.better(a, b, way)]


# ---------------------------------------------------------------------- texts, files, runs


def test_a_changed_config_is_told_line_by_line(registry, make_file):
    add(registry, make_file("c.yaml", b"lr: 1\nb: 2\nc: 3\n"), name="c")
    add(registry, make_file("c.yaml", b"lr: 1\nb: 3\nc: 3\n"), name="c")
    found = registry.diff("c@v1", "c@v2")["sections"]["config"]
    (one,) = found["changed"]
    assert one["lines"] == [
        ["@", "@@ -1,3 +1,3 @@"], [" ", "lr: 1"], ["-", "b: 2"], ["+", "b: 3"], [" ", "c: 3"],
    ]  # fmt: skip


def test_files_by_path_with_their_digests(registry, tmp_path):
    for take, names in ((1, "abc"), (2, "bcd")):
        folder = tmp_path / f"take{take}"
        folder.mkdir()
        for name in names:
            data = name + (str(take) if name == "c" else "")
            (folder / f"{name}.bin").write_text(data)
        add(registry, folder, name="f")
    found = registry.diff("f@v1", "f@v2")["sections"]["files"]
    assert [one["path"] for one in found["changed"]] == ["c.bin"]
    assert [one["path"] for one in found["added"]] == ["d.bin"]
    assert [one["path"] for one in found["removed"]] == ["a.bin"]
    assert found["same"] == 1


def test_runs_are_compared_by_what_they_made_and_how_they_went(registry, make_file):
    for run, lr in (("first", 0.1), ("second", 0.2)):
        registry.start_run(run, params={"lr": lr})
        data = safetensors(layers(2, seed=int(lr * 10)))
        add(registry, make_file("m.safetensors", data), run=run)
        registry.finish_run(run)
    answer = registry.diff("run:first", "second")
    assert (answer["a"], answer["b"]) == ("run:first", "run:second")
    assert answer["sections"]["params"]["changed"] == [{"name": "lr", "a": 0.1, "b": 0.2}]
    assert len(answer["sections"]["tensors"]["changed"]) == 2
    assert [f["path"] for f in answer["sections"]["files"]["changed"]] == [
        "m.safetensors/m.safetensors"
    ]


def test_what_cannot_be_compared_is_refused_with_words(registry, make_file):
    add(registry, make_file("x.bin", b"x"), name="x")
    with pytest.raises(NotFound):
        registry.diff("x@v1", "x@v9")
    with pytest.raises(NotFound):
        registry.diff("x@v1", "run:nobody")
    with pytest.raises(BadInput, match="no such section"):
        registry.diff("x@v1", "x@v1", ["pictures"])
    with pytest.raises(BadInput, match="2 to 8"):
        registry.compare(["x@v1"], 0, "files")
    with pytest.raises(BadInput, match="baseline"):
        registry.compare(["x@v1", "x@v1"], 2, "files")


def test_damage_is_told_and_no_damaged_byte_is_compared(registry, place: Path, make_file):
    for seed in (1, 2):
        add(registry, make_file("m.safetensors", safetensors(layers(60, seed))), name="m")
    stored = max((p for p in (place / "objects").rglob("*") if p.is_file()), key=str)
    stored.chmod(0o644)
    data = bytearray(stored.read_bytes())
    data[-1] ^= 1
    stored.write_bytes(data)
    from strongroom.domain.errors import Damaged

    with pytest.raises(Damaged):
        registry.diff("m@v1", "m@v2", ["tensors"])


# ---------------------------------------------------------------------- data


def table(rows: int, shift: float = 0.0, extra: bool = False, seed: int = 0) -> bytes:
    random = np.random.default_rng(seed)
    lines = ["amount,hour,word" + (",age" if extra else "")]
    for n, amount in enumerate(random.normal(100 + shift, 10, size=rows)):
        empty = shift and n % 4 == 0
        lines.append(
            f"{'' if empty else f'{amount:.3f}'},{n % 24},{'ab'[n % 2]}" + (",1" if extra else "")
        )
    return ("\n".join(lines) + "\n").encode()


def test_columns_tell_schema_nulls_means_and_drift(registry, make_file):
    add(registry, make_file("d.csv", table(4000)), name="d")
    add(registry, make_file("d.csv", table(4000, 10.0, extra=True)), name="d")
    found = registry.diff("d@v1", "d@v2")["sections"]["data"]
    assert [(c["name"], c["type"]) for c in found["added"]] == [("age", "int")]
    (column,) = found["changed"]
    assert column["name"] == "amount" and column["nulls"] == [0, 0.25]
    assert column["mean"] == pytest.approx([100, 110], abs=1)
    assert column["ks"] == pytest.approx(0.383, abs=0.04) and column["psi"] > 0.25
    assert found["same"] == 2
    (one,) = found["tables"]
    assert (one["a"]["rows"], one["b"]["rows"]) == (4000, 4000)


def test_rows_that_both_have_are_estimated_from_their_sketches(registry, make_file):
    whole = table(5000).splitlines(keepends=True)
    add(registry, make_file("d.csv", b"".join(whole[:4001])), name="d")
    add(registry, make_file("d.csv", b"".join([whole[0], *whole[1001:]])), name="d")
    (one,) = registry.diff("d@v1", "d@v2", ["data"])["sections"]["data"]["tables"]
    assert one["shared"]["exact"] is False
    assert one["shared"]["rows"] == pytest.approx(3000, rel=0.15)
    few = [whole[0], *whole[1:101]]
    add(registry, make_file("e.csv", b"".join(few)), name="e")
    add(registry, make_file("e.csv", b"".join(few[:-10])), name="e")
    (one,) = registry.diff("e@v1", "e@v2", ["data"])["sections"]["data"]["tables"]
    assert one["shared"] == {"rows": 90, "exact": True}


def test_models_are_compared_by_the_data_that_they_were_made_from(registry, make_file):
    for shift in (0.0, 30.0):
        add(registry, make_file("d.csv", table(500, shift)), name="transactions")
    for n in (1, 2):
        add(registry, make_file("m.bin", b"m%d" % n), name="m", inputs=(f"transactions@v{n}",))
    found = registry.diff("m@v1", "m@v2", ["data"])["sections"]["data"]
    assert found["tables"][0]["a"]["ref"] == "transactions@v1"
    assert {c["file"] for c in found["changed"]} == {"transactions: d.csv"}
    page = registry.compare(["m@v1", "m@v2"], 0, "data")
    (line,) = page["rows"]
    assert line["refs"] == ["transactions@v1", "transactions@v2"] and line["rows"] == [500, 500]
    drifted = {c["name"]: c["drift"][1] for c in line["columns"] if not c["same"]}
    assert drifted["amount"]["psi"] > 1


def test_a_table_that_cannot_be_read_is_named(registry, make_file):
    add(registry, make_file("d.parquet", b"PAR1 not really PAR1"), name="d")
    add(registry, make_file("d.parquet", b"PAR1 nor this one PAR1"), name="d")
    found = registry.diff("d@v1", "d@v2", ["data"])["sections"]["data"]
    assert all("d.parquet" in warning for warning in found["warnings"]) and found["warnings"]
