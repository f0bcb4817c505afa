"""Lineage: edges of three bases, what people decide on them, and the questions asked of them."""

from __future__ import annotations

import json
import os
import random
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.domain.errors import BadInput, Conflict, NotFound
from strongroom.services.lineage_formats import FORMATS
from strongroom.settings import Settings
from tests import lineage_story
from tests.lineage_story import layer, tensors


@pytest.fixture
def told(registry, tmp_path):
    made = lineage_story.tell(registry, tmp_path / "work")
    registry.catch_up()
    return made


def edges(graph):
    return {(e["from"], e["to"]): e for e in graph["edges"]}


def ids(graph):
    return {n["id"] for n in graph["nodes"]}


def test_edges_tell_their_basis_rule_and_reason(registry, told):
    graph = registry.lineage(told["model"])
    found = edges(graph)
    assert found[told["data"], "run:run-0371"]["basis"] == "declared"
    seen = found[told["spec"], "run:run-0371"]
    assert (seen["basis"], seen["reason"]) == ("observed", "a path it names (config.yaml)")
    guessed = found[told["base"], told["model"]]
    assert guessed["basis"] == "inferred" and guessed["rule"] == "shared tensors"
    assert 0 < guessed["confidence"] < 1 and "4 of 6 tensors" in guessed["reason"]
    nodes = {n["id"]: n for n in graph["nodes"]}
    assert nodes[told["model"]]["metric"] == ["auc", 0.9688]
    assert nodes[told["data"]]["distance"] == -2 and nodes[told["report"]]["distance"] == 2
    assert nodes["run:run-0371"]["type"] == "run" and nodes["run:run-0371"]["tag"] is None


def test_one_way_and_so_many_steps(registry, told):
    assert ids(registry.lineage(told["model"], down=False)) == {
        told["model"], told["base"], "run:run-0371", told["data"], told["holdout"], told["spec"]
    }  # fmt: skip
    assert ids(registry.lineage(told["model"], up=False, depth=1)) == {
        told["model"], told["small"], "run:run-0402"
    }  # fmt: skip
    assert ids(registry.lineage("run:run-0402", down=False, depth=1)) == {
        "run:run-0402", told["model"], told["holdout"]
    }  # fmt: skip
    assert ids(registry.lineage(told["model"], bases=["inferred"])) == {
        told["model"], told["base"]
    }  # fmt: skip


def test_the_nearest_are_kept_where_there_are_too_many(registry, told):
    graph = registry.lineage(told["model"], most=3)
    assert told["model"] in ids(graph) and len(graph["nodes"]) == 3 and graph["more"] == 6
    assert all(abs(n["distance"]) <= 1 for n in graph["nodes"])


def test_what_is_refused_stays_refused(registry, told, place):
    registry.decide_link(told["model"], told["base"], "refused")
    graph = registry.lineage(told["model"])
    assert told["base"] not in ids(graph)
    assert [e["from"] for e in graph["refused"]] == [told["base"]]
    registry.desk.engine.rows("select 1")
    with registry.desk.engine.quick() as tx:
        tx.execute("insert or ignore into waiting select id from versions")
    registry.catch_up()
    assert told["base"] not in ids(registry.lineage(told["model"]))
    registry.decide_link(told["model"], told["base"], "open")
    assert told["base"] in ids(registry.lineage(told["model"]))
    with pytest.raises(NotFound):
        registry.decide_link(told["model"], told["data"], "refused")
    with pytest.raises(BadInput):
        registry.decide_link(told["model"], told["base"], "perhaps")


def test_lineage_is_the_same_after_a_rebuild(place, tmp_path):
    with closing(create_registry(place, Settings(), "cli")) as registry:
        made = lineage_story.tell(registry, tmp_path / "work")
        registry.catch_up()
        registry.link(made["holdout"], made["data"], reason="split by hand")
        registry.decide_link(made["model"], made["base"], "confirmed")
        registry.direct_metric("latency", "lower")
        before = registry.lineage(made["model"])
    assert rebuild_registry(place)["problems"] == []
    with closing(open_registry(place, Settings(), "cli")) as registry:
        assert registry.lineage(made["model"]) == before
        registry.catch_up()
        assert registry.lineage(made["model"]) == before
        assert registry.metric_directions() == {"latency": "lower"}
        assert registry.doctor()["ok"]


def test_links_are_declared_and_make_no_circle(registry, told):
    edge = registry.link(told["spec"], told["holdout"], reason="made for it")
    assert edge["basis"] == "declared" and edge["relation"] == "input"
    assert (told["holdout"], told["spec"]) in edges(registry.lineage(told["spec"]))
    with pytest.raises(Conflict):
        registry.link(told["data"], told["model"])
    with pytest.raises(BadInput):
        registry.link(told["data"], told["data"])
    with pytest.raises(BadInput):
        registry.link(told["data"])
    with pytest.raises(NotFound):
        registry.link(told["data"], run="nobody")
    with pytest.raises(Conflict):  # the run read what was made from it
        registry.link(told["data"], run="run-0402")
    assert registry.link(told["small"], run="run-0402")["relation"] == "output"


def test_questions_in_one_step(registry, told):
    found = registry.impact(told["data"])
    assert {n["id"] for n in found["nodes"]} == {
        told["model"], told["small"], told["report"], "run:run-0371", "run:run-0402"
    }  # fmt: skip
    assert (found["versions"], found["runs"]) == (3, 2)
    whole = registry.completeness(told["model"])
    assert whole["complete"], whole
    gaps = {c["name"]: c for c in registry.completeness(told["small"])["checks"]}
    assert not gaps["Producing run recorded"]["ok"] and gaps["Inputs pinned"]["ok"]
    assert gaps["Git commit"]["missing"]
    way = [n["id"] for n in registry.lineage_path(told["data"], told["report"])["nodes"]]
    assert way == [
        told["data"], "run:run-0371", told["model"], "run:run-0402", told["report"]
    ]  # fmt: skip
    assert [n["id"] for n in registry.lineage_path(told["report"], told["data"])["nodes"]] == way[
        ::-1
    ]
    turned = [n["id"] for n in registry.lineage_path(told["spec"], told["base"])["nodes"]]
    assert turned == [told["spec"], "run:run-0371", told["model"], told["base"]]
    assert registry.lineage_path(told["base"], told["base"])["nodes"]
    both = registry.common_origins(told["small"], told["report"])
    assert both["nodes"][0]["id"] == told["model"] and told["data"] in ids(both)


def test_formats_hold_every_node_and_edge(registry, told):
    graph = registry.lineage(told["model"])
    for name, write in FORMATS.items():
        text = write(graph)
        if name == "prov":
            found = json.loads(text)
            edges_of = ("used", "wasGeneratedBy", "wasDerivedFrom")
            assert sum(len(found.get(kind, ())) for kind in edges_of) == len(graph["edges"])
            assert len(found["entity"]) + len(found["activity"]) == len(graph["nodes"])
        elif name == "openlineage":
            events = [json.loads(line) for line in text.splitlines()]
            assert {e["job"]["name"] for e in events} >= {"train fraud-detector", "eval weekly"}
            for event in events:
                assert set(event) >= {
                    "eventType",
                    "eventTime",
                    "run",
                    "job",
                    "producer",
                    "schemaURL",
                }
        else:
            assert text.count("->") + text.count("-.->") >= len(graph["edges"])


def test_names_cannot_break_out_of_the_formats(registry, tmp_path):
    evil = 'a"] --> b; click x "javascript:1" \\\\ <script>'
    path = tmp_path / "x.txt"
    path.write_text("x")
    other = tmp_path / "y.txt"
    other.write_text("y")
    first = lineage_story.add(registry, path, evil)
    second = lineage_story.add(registry, other, "plain")
    registry.link(second, first)
    graph = registry.lineage(second)
    assert '"] -->' not in FORMATS["mermaid"](graph).replace("#34;", "")
    dot = FORMATS["dot"](graph)
    assert dot.count("\n") == 3 + len(graph["nodes"]) + len(graph["edges"]) + 1


# ---------------------------------------------------------------------- inference


def model(registry, tmp_path, name, layers, **options):
    path = tensors(tmp_path / f"{name.replace('/', '-')}.safetensors", layers)
    return lineage_story.add(registry, path, name, **options)


def test_exactly_one_changed_layer_is_inferred_and_strangers_are_not(registry, tmp_path):
    base = {f"l{n}": layer(n) for n in range(8)} | {"bias": [0.0] * 256, "steps": [1.0]}
    first = model(registry, tmp_path, "first", base)
    second = model(registry, tmp_path, "second", base | {"l3": layer(333)})
    stranger = {f"l{n}": layer(n + 1000) for n in range(8)} | {"bias": [0.0] * 256, "steps": [1.0]}
    third = model(registry, tmp_path, "third", stranger)
    registry.catch_up()
    (edge,) = registry.lineage(second)["edges"]
    assert (edge["from"], edge["to"]) == (first, second)
    assert edge["reason"].startswith("7 of 8 tensors")
    assert registry.lineage(third)["edges"] == []
    changed = registry.diff(first, second)["sections"]["tensors"]
    assert [t["name"] for t in changed["changed"]] == ["l3"] and changed["same"] == 9


def test_a_chain_of_models_is_a_chain(registry, tmp_path):
    layers = {f"l{n}": layer(n) for n in range(6)}
    names = []
    for at in range(4):
        layers = layers | {f"l{at}": layer(500 + at)}
        names.append(model(registry, tmp_path, f"m{at}", layers))
    registry.catch_up()
    graph = registry.lineage(names[-1])
    assert {(e["from"], e["to"]) for e in graph["edges"]} == set(pairwise(names))


def test_checkpoints_of_a_run_follow_each_other(registry, tmp_path):
    registry.start_run("r", "train")
    refs = [
        model(registry, tmp_path, "ckpt", {"w": layer(n), "v": layer(7)}, run="r") for n in range(3)
    ]
    registry.catch_up()
    found = edges(registry.lineage(refs[-1]))
    for before, after in pairwise(refs):
        assert found[before, after]["rule"] == "checkpoint order"
    assert (refs[0], refs[2]) not in found


def test_an_adapter_names_its_base(registry, tmp_path):
    base = model(registry, tmp_path, "team/llama-tiny", {"w": layer(1)})
    model(registry, tmp_path, "other", {"w": layer(2)})
    folder = tmp_path / "adapter"
    folder.mkdir()
    tensors(folder / "adapter_model.safetensors", {"lora": layer(3)})
    config = {"base_model_name_or_path": "somewhere/llama-tiny", "peft_type": "LORA", "r": 4}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    adapter = lineage_story.add(registry, folder, "adapter")
    registry.catch_up()
    (edge,) = registry.lineage(adapter)["edges"]
    assert (edge["from"], edge["rule"]) == (base, "adapter base name")


def test_rows_of_a_table_are_recognised_in_any_order(registry, tmp_path):
    rows = [f"{n},{n * n % 1009},{n % 3}" for n in range(3000)]

    def table(name, lines):
        (tmp_path / name).write_text("id,x,y\n" + "\n".join(lines) + "\n")
        return lineage_story.add(registry, tmp_path / name, name)

    whole = table("whole.csv", rows)
    some = rows[::3]
    random.Random(1).shuffle(some)
    part = table("part.csv", some)
    other = table("other.csv", [f"{n},{n * 7 % 997},{n % 5}" for n in range(5000, 8000)])
    registry.catch_up()
    (edge,) = registry.lineage(part)["edges"]
    assert (edge["from"], edge["rule"]) == (whole, "rows of a table")
    assert registry.lineage(other)["edges"] == []


def test_a_preprocessing_file_that_is_a_version_is_an_origin(registry, tmp_path):
    scaler = tmp_path / "scaler.json"
    scaler.write_text(json.dumps({"mean": [float(n) for n in range(40)]}))
    origin = lineage_story.add(registry, scaler, "scaler")
    folder = tmp_path / "m"
    folder.mkdir()
    tensors(folder / "model.safetensors", {"w": layer(1)})
    (folder / "scaler.json").write_bytes(scaler.read_bytes())
    made = lineage_story.add(registry, folder, "m")
    registry.catch_up()
    (edge,) = registry.lineage(made)["edges"]
    assert (edge["from"], edge["relation"]) == (origin, "uses")


def test_a_damaged_file_is_noted_and_the_others_are_looked_into(registry, tmp_path):
    path = tensors(tmp_path / "big.safetensors", {"w": layer(1, 40_000)})
    lineage_story.add(registry, path, "big")
    (stored,) = (p for p in (registry.desk.place.root / "objects").rglob("*") if p.is_file())
    os.chmod(stored, 0o600)
    data = bytearray(stored.read_bytes())
    data[-1] ^= 1
    stored.write_bytes(bytes(data))
    model(registry, tmp_path, "small", {"w": layer(2)})
    assert registry.catch_up() == 2
    assert registry.show("big")["damaged"]


# ---------------------------------------------------------------------- against a model


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25),
    st.integers(0, 9),
    st.none() | st.integers(0, 4),
)
def test_closures_are_those_of_a_plain_graph(tmp_path_factory, pairs, root, depth):
    folder = tmp_path_factory.mktemp("graph")
    with closing(create_registry(folder / "reg", Settings(), "cli")) as registry:
        refs = []
        for number in range(10):
            path = folder / f"n{number}.txt"
            path.write_text(str(number))
            refs.append(lineage_story.add(registry, path, f"n{number}"))
        known: set[tuple[int, int]] = set()
        for start, end in pairs:
            try:
                registry.link(refs[end], refs[start])
                known.add((start, end))
            except (Conflict, BadInput):
                assert start == end or start in reached(known, end, None)
        graph = registry.lineage(refs[root], depth=depth)
        down = reached(known, root, depth)
        up = reached({(b, a) for a, b in known}, root, depth)
        assert ids(graph) == {refs[n] for n in up | down}


def reached(pairs, root, depth):
    found, level, steps = {root}, {root}, 0
    while level and (depth is None or steps < depth):
        level = {b for a, b in pairs if a in level} - found
        found |= level
        steps += 1
    return found


def test_a_version_that_a_rule_stumbles_over_does_not_keep_the_others_waiting(
    registry, make_file, monkeypatch
):
    from strongroom.catalog import profiles
    from strongroom.services import inference
    from strongroom.services.inference.rule import Rule
    from tests.conftest import add

    def find(desk, row):
        if row.n == 1:
            raise KeyError("an odd document")
        seen.append(row.n)
        return []

    seen: list[int] = []
    monkeypatch.setattr(inference, "RULES", (Rule("odd", frozenset({"other"}), find),))
    for n in range(3):
        add(registry, make_file("x.bin", b"%d" % n), kind="other")
    assert registry.catch_up() == 3 and seen == [2, 3]
    assert profiles.count_waiting(registry.desk.engine) == 0


def test_questions_to_a_graph_with_many_ways_take_time_by_its_size(registry, tmp_path):
    """Forty layers of two, each made from both before: 2**40 ways, 160 edges."""
    from strongroom.catalog.edges import write_edge
    from strongroom.services.add import AddOptions

    layers = 40
    for n in range(2 * layers):
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / f"f{n:02}").write_bytes(b"%d" % n)
    registry.add([os.fsencode(tmp_path / "work")], AddOptions(each=True))
    rows = registry.desk.engine.rows("select v.id, a.name from versions v join artifacts a on"
                                     " a.id = v.artifact_id order by a.name")  # fmt: skip
    ids, names = [str(r[0]) for r in rows], [r[1] for r in rows]
    with registry.desk.engine.writing() as tx:
        for n in range(2, 2 * layers):
            for before in (n - n % 2 - 2, n - n % 2 - 1):
                write_edge(
                    tx, 1, ("version", ids[before]), ("version", ids[n]), "input", "declared"
                )
    impact = registry.impact(names[0])
    assert impact["versions"] == 2 * layers - 2
    assert impact["nodes"][-1]["distance"] == layers - 1
    shared = registry.common_origins(names[-1], names[-2])
    assert len(shared["nodes"]) == 2 * layers - 2
    assert shared["nodes"][0]["distance"] == 1


# ---------------------------------------------------------------------- from other tools


def event(kind, job, read, made):
    return json.dumps(
        {
            "eventType": kind,
            "eventTime": "2026-11-01T10:00:00Z",
            "run": {"runId": "0190d5a0-0000-7000-8000-000000000000"},
            "job": {"namespace": "airflow", "name": job},
            "inputs": read,
            "outputs": made,
        }
    )


def test_openlineage_events_are_declared_edges(registry, told, tmp_path):
    other = tmp_path / "by path.csv"
    other.write_text("z\n1\n")
    lineage_story.add(registry, other, "by-path")
    path = tmp_path / "events.jsonl"
    path.write_text(
        "\n".join(
            [
                event("START", "split", [{"namespace": "x", "name": "transactions"}], []),
                event(
                    "COMPLETE", "split",
                    [{"namespace": "x", "name": "transactions",
                      "facets": {"version": {"datasetVersion": "v1 sha256:00"}}},
                     {"namespace": "file", "name": str(other)},
                     {"namespace": "s3://bucket", "name": "gone/file.csv"}],
                    [{"namespace": "x", "name": "fraud-holdout"}],
                ),
            ]
        )
    )  # fmt: skip
    taken = registry.take_lineage(path)
    assert {(e["from"], e["to"], e["basis"]) for e in taken["edges"]} == {
        (told["data"], told["holdout"], "declared"),
        ("by-path@v1", told["holdout"], "declared"),
    }
    assert taken["edges"][0]["reason"] == "OpenLineage: airflow.split"
    assert [one["name"] for one in taken["unknown"]] == ["gone/file.csv"]
    again = registry.take_lineage(path)
    assert again["edges"] == [] and again["known"] == 2
    path.write_text("no events\n")
    with pytest.raises(BadInput):
        registry.take_lineage(path)


def test_what_goes_out_as_openlineage_comes_in_again(registry, told, tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text(FORMATS["openlineage"](registry.lineage(told["small"])))
    taken = registry.take_lineage(path)
    assert {e["to"] for e in taken["edges"]} >= {told["model"]} and not taken["unknown"]
