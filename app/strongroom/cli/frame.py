"""What every command shares: the lazy table of commands, common options, opening the registry."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom import __version__
from strongroom.domain.errors import BadInput, NoSpace, Unreachable, printable
from strongroom.domain.quantities import size_text

if TYPE_CHECKING:
    from strongroom.services.local import LocalRegistry
    from strongroom.services.progress import Progress

#: name → (module in `cli/commands`, one line of help shown without loading it)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a registry."),
    "add": ("add", "Version files or folders."),
    "watch": ("watch", "Add what settles in a folder, as it comes."),
    "list": ("find", "Artifacts with their newest version."),
    "versions": ("find", "All versions of an artifact, newest first."),
    "show": ("find", "Everything known of a version."),
    "get": ("content", "Write the verified content of a version."),
    "cat": ("content", "One file of a version to stdout."),
    "verify": ("content", "Re-hash what is stored, and mend it."),
    "run": ("run", "Runs: list, show, start, finish."),
    "diff": ("diff", "How two versions or runs differ."),
    "lineage": ("lineage", "What a version was made from, and what was made of it."),
    "link": ("lineage", "Declare lineage, or decide on what was inferred."),
    "metric": ("lineage", "Which way metrics are better."),
    "label": ("remarks", "Put a label on a version."),
    "note": ("remarks", "Add a note to a version."),
    "worker": ("worker", "Do queued jobs and watch all registered folders."),
    "gc": ("gc", "Delete stored bytes that nothing refers to."),
    "doctor": ("doctor", "Check the registry's health, or make its catalog again."),
    "gui": ("gui", "Open the window."),
    "completion": ("completion", "Print the shell completion script."),
}


class Frame:
    """One invocation: its common options and the registry, opened when first asked for."""

    def __init__(self) -> None:
        self.registry_option: str | None = None
        self.json = False
        self.quiet = False
        self.verbose = False
        self._registry: LocalRegistry | None = None

    @property
    def settings(self) -> Any:
        from strongroom.settings import load

        return load()

    def path(self, chosen: str | None = None) -> Path:
        """The registry's folder: `chosen`, else what options, environment and settings say."""
        from strongroom.settings import registry_path

        settings = self.settings
        chosen = (
            chosen
            or self.registry_option
            or os.environ.get("STRONGROOM_REGISTRY")
            or settings["registry.path"]
        )
        if re.match(r"\w[\w+.-]*://", chosen):
            raise BadInput(
                "this version has no registries on a server", chosen, "name a folder instead"
            )
        return registry_path(chosen, settings)

    def open(self, origin: str = "cli") -> LocalRegistry:
        if self._registry is None:
            from strongroom.bootstrap import open_registry

            if self.verbose:
                print(f"strongroom: registry {printable(str(self.path()))}", file=sys.stderr)
                self._log_here()
            self._registry = open_registry(self.path(), self.settings, origin)
        return self._registry

    def start_log(self) -> None:
        """Begins the log file, for commands that go on for long."""
        from strongroom.logs import start_logging

        start_logging(self.settings["log.level"])
        if self.verbose:
            self._log_here()

    def _log_here(self) -> None:
        """`-v`: what goes to the log goes to stderr too."""
        import logging

        here = logging.StreamHandler()
        here.setFormatter(logging.Formatter("strongroom: %(name)s: %(message)s"))
        logger = logging.getLogger("strongroom")
        if not any(type(known) is logging.StreamHandler for known in logger.handlers):
            logger.addHandler(here)
        logger.setLevel(logging.DEBUG)

    def close(self) -> None:
        if self._registry is not None:
            self._registry.close()
            self._registry = None

    def answer(self, document: Any, text: str | Callable[[], str]) -> None:
        """Prints the one JSON document, or the text for people."""
        if self.json:
            self.line(document)
        elif not self.quiet:
            shown = text() if callable(text) else text
            if shown:
                with writing_out():
                    print(shown, flush=True)

    def line(self, document: Any) -> None:
        """One JSON document on a line of its own."""
        from strongroom.domain.canonical import plain

        with writing_out():
            print(json.dumps(plain(document), ensure_ascii=True), flush=True)

    def warn(self, warnings: list[str]) -> None:
        """Warnings go to stderr, unless the JSON answer carries them."""
        if not self.json and not self.quiet:
            for warning in warnings:
                print(f"strongroom: warning: {warning}", file=sys.stderr)

    def progress(self, what: str) -> Progress:
        """A bar on stderr, drawn only on a terminal."""
        from strongroom.services.progress import Progress

        if self.json or self.quiet or not sys.stderr.isatty():
            return Progress(what=what)

        def draw(progress: Progress) -> None:
            share = progress.bytes / progress.total_bytes if progress.total_bytes else 0.0
            filled = int(30 * min(share, 1.0))
            print(
                f"\r{'█' * filled}{'·' * (30 - filled)} {progress.files}/{progress.total_files}"
                f" files, {size_text(progress.bytes)}, {size_text(int(progress.rate))}/s\x1b[K",
                end="",
                file=sys.stderr,
                flush=True,
            )

        return Progress(report=draw, what=what)


class ReaderGone(Exception):
    """Whoever read our stdout has ended, as `head` does."""


@contextmanager
def writing_out() -> Iterator[None]:
    """Around writing to stdout: a full disk or a closed stdout is no internal error."""
    if sys.stdout is None:
        raise Unreachable("there is no output to write to", "stdout", "do not close it")
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error  # click would end the process on the original
    except OSError as error:
        kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unreachable
        raise kind(
            f"the answer could not be written ({error.strerror})", "stdout", "write it elsewhere"
        ) from error


class LazyGroup(click.Group):
    """Loads a command's module when that command is used; help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"strongroom.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


class FilterCommand(click.Command):
    """A command that takes FILTER terms: `-name:x*` and `-word` are negated, and no options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with_value = {
            text
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for text in option.opts
        }
        marked, before = [], ""
        for index, argument in enumerate(args):
            if argument == "--":
                marked += args[index:]
                break
            negated = re.match(r"-(?!-)", argument) and not re.fullmatch(r"-[qvh]*", argument)
            marked.append(_NEGATED + argument if negated and before not in with_value else argument)
            before = argument
        return super().parse_args(ctx, marked)


#: Marks a negated term until click has parsed the options; it cannot come from a shell.
_NEGATED = "\0"


def filter_text(terms: tuple[str, ...]) -> str:
    return " ".join(t.removeprefix(_NEGATED) for t in terms)


def _remember(attribute: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value:
            setattr(ctx.ensure_object(Frame), attribute, value)
        return value

    return callback


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command takes, before or after its name."""
    for option in reversed(
        (
            click.option(
                "--registry",
                metavar="DIR_OR_URL",
                expose_value=False,
                callback=_remember("registry_option"),
                help="Which registry to use.",
            ),
            click.option(
                "--json",
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_remember("json"),
                help="Print one JSON document.",
            ),
            click.option(
                "-q",
                "--quiet",
                is_flag=True,
                expose_value=False,
                callback=_remember("quiet"),
                help="Print nothing but errors.",
            ),
            click.option(
                "-v",
                "--verbose",
                is_flag=True,
                expose_value=False,
                callback=_remember("verbose"),
                help="Say more.",
            ),
        )
    ):
        function = option(function)
    return function


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="strongroom %(version)s")
@common
def cli() -> None:
    """Every version of your models, datasets, configs, metrics and logs, named by content."""


def counted(count: int, what: str) -> str:
    """1 file, 2 files."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def table(headers: list[str], rows: list[list[str]], right: frozenset[int] = frozenset()) -> str:
    """Columns two spaces apart; those in `right` are aligned to the right."""
    widths = [max(len(r[i]) for r in [headers, *rows]) for i in range(len(headers))]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.rjust(w) if i in right else c.ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return "\n".join(line(r) for r in [headers, *rows])
