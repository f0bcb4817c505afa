"""Store, catalog and journal against a model that is a dict: random acts, crashes, rebuilds.

The model knows what each artifact's versions hold. After every act the registry must agree with
it; at random moments the process "dies" (the registry is reopened without a goodbye), collection
runs, or the catalog is thrown away and made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.domain.errors import NotFound
from strongroom.services import collect
from strongroom.services.add import AddOptions
from strongroom.settings import Settings

NAMES = st.sampled_from(["a", "b", "team/c"])
CONTENTS = st.dictionaries(
    st.sampled_from(["x.bin", "sub/y.bin", "z.txt", "\udcff.bin"]),
    st.sampled_from([b"", b"one", b"two", b"L" * 70_000, b"M" * 70_000]),
    min_size=1,
    max_size=3,
)


class RegistryMachine(RuleBasedStateMachine):
    added = Bundle("added")

    @initialize()
    def make(self):
        self.root = Path(tempfile.mkdtemp(prefix="machine"))
        self.place = self.root / "registry"
        self.registry = create_registry(self.place, Settings(), "cli")
        self.model: dict[str, list[dict[str, bytes]]] = {}
        self.labels: dict[tuple[str, int], dict[str, str]] = {}
        self.notes: dict[tuple[str, int], list[str]] = {}
        self.runs: dict[str, list[tuple[str, int]]] = {}
        self.count = 0

    def teardown(self):
        self.registry.close()
        shutil.rmtree(self.root)

    @rule(
        target=added,
        name=NAMES,
        content=CONTENTS,
        new=st.booleans(),
        run=st.sampled_from([None, "r1", "r2"]),
    )
    def add(self, name, content, new, run):
        self.count += 1
        source = self.root / f"src{self.count}"
        for path, data in content.items():
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        answer = self.registry.add(
            [os.fsencode(source)], AddOptions(name=name, new_version=new, run=run)
        )
        (version,) = answer["versions"]
        versions = self.model.setdefault(name, [])
        known = [i for i, c in enumerate(versions, 1) if c == content]
        if known and not new:
            assert not version["created"] and version["tag"] == f"v{known[-1]}"
        else:
            assert version["created"] and version["tag"] == f"v{len(versions) + 1}"
            versions.append(content)
        n = int(version["tag"][1:])
        if run:
            outputs = self.runs.setdefault(run, [])
            if (name, n) not in outputs:
                outputs.append((name, n))
        return name, n

    @rule(version=added, key=st.sampled_from(["k", "l"]), value=st.sampled_from(["1", "x y"]))
    def label(self, version, key, value):
        self.registry.label(f"{version[0]}@v{version[1]}", key, value)
        self.labels.setdefault(version, {})[key] = value

    @rule(version=added, text=st.sampled_from(["looks good", "no"]))
    def note(self, version, text):
        self.registry.note(f"{version[0]}@v{version[1]}", text)
        self.notes.setdefault(version, []).append(text)

    @rule(version=added)
    def get(self, version):
        name, n = version
        target = self.root / "out"
        if target.is_dir():  # what another version left there is not replaced
            shutil.rmtree(target)
        self.registry.get(f"{name}@v{n}", target, force=True)
        content = self.model[name][n - 1]
        if len(content) == 1 and "/" not in next(iter(content)):
            assert target.read_bytes() == next(iter(content.values()))
        else:
            found = {
                str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()
            }
            assert found == content

    @rule()
    def die_and_come_back(self):
        self.registry.desk.engine.close()  # no close of the registry: its locks just vanish
        self.registry.close()
        self.registry = open_registry(self.place, Settings(), "cli")

    @rule()
    def lose_the_catalog(self):
        before = self.listing()
        self.registry.close()
        for file in self.place.glob("catalog.db*"):
            file.unlink()
        rebuild_registry(self.place)
        self.registry = open_registry(self.place, Settings(), "cli")
        assert self.listing() == before

    @rule()
    def collect_everything_unreferenced(self):
        collect.collect(self.registry.desk, grace=0)
        collect.collect(self.registry.desk, grace=0)

    @rule()
    def orphan(self):
        """What a crash between bytes and commit leaves."""
        data = os.urandom(100)
        self.registry.desk.store.put_small([(hashlib.sha256(data).digest(), data)])

    @invariant()
    def everything_is_as_the_model_says(self):
        if not hasattr(self, "registry"):
            return
        listed = {a["name"]: a for a in self.registry.list_artifacts()["artifacts"]}
        assert set(listed) == set(self.model)
        for name, versions in self.model.items():
            assert listed[name]["versions"] == len(versions)
            found = self.registry.list_versions(name)["versions"]
            assert [v["tag"] for v in found] == [f"v{n}" for n in range(len(versions), 0, -1)]
            for n, content in enumerate(versions, 1):
                shown = self.registry.show(f"{name}@v{n}")
                files = {path_of(f): f["sha256"] for f in shown["manifest"]["files"]}
                # A version of one file is known by its base name only when added as a file.
                assert files == {p: hashlib.sha256(d).hexdigest() for p, d in content.items()}
                assert shown["labels"] == self.labels.get((name, n), {})
                assert [x["text"] for x in shown["notes"]] == self.notes.get((name, n), [])
        for run, outputs in self.runs.items():
            made = self.registry.show_run(run)["run"]["outputs"]
            assert sorted(made) == sorted(f"{a}@v{n}" for a, n in outputs)

    @invariant()
    def all_is_sound(self):
        if not hasattr(self, "registry"):
            return
        assert self.registry.verify()["damaged"] == []
        health = self.registry.doctor()
        assert health["ok"], health
        assert list(self.registry.desk.store.staging.iterdir()) == []
        try:
            self.registry.show("a@v999")
            raise AssertionError("a version that was never made")
        except NotFound:
            pass

    def listing(self):
        artifacts = self.registry.list_artifacts()
        return (
            artifacts,
            {a["name"]: self.registry.list_versions(a["name"]) for a in artifacts["artifacts"]},
            {
                f"{n}@v{i}": self.registry.show(f"{n}@v{i}")
                for n, vs in self.model.items()
                for i in range(1, len(vs) + 1)
            },
            self.registry.list_runs(),
        )


def path_of(file):
    return file["path"] if "path" in file else os.fsdecode(bytes.fromhex(file["path_hex"]))


RegistryMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRegistry = RegistryMachine.TestCase
