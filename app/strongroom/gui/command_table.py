"""The table of everything the window can be told to do."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from strongroom.gui.commands import Command
from strongroom.gui.compare.screen import CompareScreen
from strongroom.gui.library.screen import LibraryScreen
from strongroom.gui.lineage.screen import LineageScreen
from strongroom.gui.runs.screen import RunsScreen
from strongroom.gui.settings.screen import SettingsScreen
from strongroom.gui.watching.screen import WatchScreen

if TYPE_CHECKING:
    from strongroom.gui.window import Window

#: Screens in the order of their keys.
SCREENS = tuple(
    (screen.title, screen.icon)
    for screen in (
        LibraryScreen,
        LineageScreen,
        CompareScreen,
        RunsScreen,
        WatchScreen,
        SettingsScreen,
    )
)


def command_table(window: Window) -> list[Command]:
    """Commands of the window, in the order of menus and palette; screens have further ones."""
    acts, page = window.acts, window.page

    def without_version() -> str:
        return "" if acts.selected_references() else "select a version first"

    def without_sound_version() -> str:
        version = acts.selected()
        if version is None:
            return "select a version first"
        return "its content is damaged" if version.get("damaged") else ""

    def without_filter() -> str:
        return "" if window.filter.whole() else "there is no filter"

    def without_panel() -> str:
        return "" if window.current.has_panel else "this screen has no panel"

    table = [
        Command("Add files…", "plus", acts.add_files, ("Ctrl O",), window.why_no_writing),
        Command(
            "Add a folder…",
            "folder-plus",
            acts.add_folder,
            ("Ctrl Shift O",),
            window.why_no_writing,
        ),
        Command("Paste files", "clipboard-paste", window.paste, ("Ctrl V",), window.why_no_paste),
        Command(
            "Watch a folder…",
            "folder-sync",
            acts.watch_folder,
            ("Ctrl Shift W",),
            window.why_no_writing,
        ),
        Command("Filter the list", "list-filter", window.focus_filter, ("/", "Ctrl F")),
        Command(
            "Save this filter…", "bookmark", window.menus.save_filter, ("Ctrl D",), without_filter
        ),
        Command("Commands", "command", window.show_palette, ("Ctrl K",)),
        Command("Undo", "undo-2", window.undo.take_back, ("Ctrl Z",), window.undo.why_not),
    ]
    for number, (title, icon) in enumerate(SCREENS, 1):
        keys = ("Ctrl ,",) if title == "Settings" else (f"Ctrl {number}",)
        table.append(Command(title, icon, functools.partial(window.go_to, title), keys))
    table += [
        Command("Next pane", "panel-right", window.next_pane, ("F6",)),
        Command(
            "Previous pane", "panel-right", functools.partial(window.next_pane, -1), ("Shift F6",)
        ),
        Command("Read the list again", "refresh-cw", page.reload, ("F5",)),
        Command(
            "Show or hide the panel", "panel-right", lambda: window.current.toggle_panel(),
            ("Ctrl I",), without_panel,
        ),
        Command(
            "Copy the digest", "copy", acts.copy_digest, ("Ctrl Shift C",), without_version
        ),
        Command(
            "Copy the reference", "copy", acts.copy_reference, ("Ctrl C",),
            without_version, in_list=True,
        ),
        Command("Show in folder", "folder-open", acts.show_in_folder, (), without_version),
        Command(
            "Export the version…", "download", acts.export_selected, ("E",),
            without_sound_version, in_list=True,
        ),
        Command(
            "Show its lineage", "workflow", window.show_selected_lineage, ("L",),
            without_version, in_list=True,
        ),
        Command(
            "Verify what is selected", "shield-check", acts.verify_selected, ("V",),
            without_version, in_list=True,
        ),
        Command(
            "Compare what is selected", "git-compare", window.comparing.selected, ("C",),
            without_version, in_list=True,
        ),
        Command(
            "Compare with the version before", "git-compare", window.comparing.with_the_one_before,
            ("Shift C",), without_version, in_list=True,
        ),
        Command("Verify everything", "shield-check", acts.verify_everything),
        Command("Show the newest", "arrow-up", page.show_news, ("Ctrl Home",)),
        Command("Group: none", "layers", functools.partial(page.group, "")),
        Command("Group by artifact", "layers", functools.partial(page.group, "artifact")),
        Command("Group by run", "layers", functools.partial(page.group, "run")),
        Command("Run the sample project", "play", acts.run_sample),
        Command("Open another registry…", "folder-open", acts.open_registry),
        Command("Make a new registry…", "folder-plus", acts.make_registry),
        Command("Appearance: as the system", "eye", functools.partial(acts.choose_theme, "system")),
        Command("Appearance: light", "eye", functools.partial(acts.choose_theme, "light")),
        Command("Appearance: dark", "eye", functools.partial(acts.choose_theme, "dark")),
        Command("Keys", "info", window.show_keys, ("?",)),
        Command("Help", "info", window.show_help, ("F1",)),
        Command("Open the log folder", "scroll-text", acts.open_logs),
        Command("Quit", "x", window.close, ("Ctrl Q",)),
    ]  # fmt: skip
    return table
