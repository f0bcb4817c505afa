"""What is written about the product stays true: settings, commands and keys are told from it."""

from __future__ import annotations

import re
from pathlib import Path

from strongroom.cli.frame import COMMANDS
from strongroom.extract.layouts import LAYOUTS
from strongroom.settings import SETTINGS, described

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_readme_lists_every_setting_as_the_program_has_it():
    between = README.split("<!-- settings -->\n")[1].split("<!-- end of settings -->")[0]
    assert between.strip() == described().strip()
    assert len(SETTINGS) == between.count("\n| `")


def test_every_command_in_the_readme_exists_and_every_command_has_help():
    for name in re.findall(r"^strongroom ([a-z]+)", README, re.M):
        assert name in COMMANDS, name
    assert all(line.endswith(".") for _, line in COMMANDS.values())


def test_the_two_commands_are_there_and_can_be_run():
    for script in ("run", "test", "bench"):
        path = ROOT / "packaging" / script
        assert path.stat().st_mode & 0o111 and f"./packaging/{script}" in README


def test_help_is_there_with_its_settings_and_names_the_layouts():
    text = (ROOT / "resources" / "help" / "help.md").read_text()
    assert "{settings}" in text and "doctor --rebuild" in text
    told = (text + README).lower()
    words = {
        "hf_trainer": "hugging face trainer",
        "hf_model": "model folders",
        "plain": "any folder",
        "wandb": "w&b offline runs",
        "trackers": "folders and databases",
        "notebooks": "executed notebooks",
    }
    for layout in LAYOUTS:
        assert words.get(layout.name, layout.name) in told, layout.name


def test_nothing_committed_speaks_of_a_machine_or_a_registry_host():
    hosts = re.compile(r"pypi\.org|pythonhosted|npmjs\.(?:org|com)|deb\.debian|/(?:root|farm)/")
    for folder in ("app", "packaging", "resources/help", "resources/sample"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and file.suffix in ("", ".py", ".md", ".sh", ".toml"):
                assert not hosts.search(file.read_text(errors="replace")), file
