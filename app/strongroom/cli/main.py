"""Entry point: dispatch to commands that load only when they are used, and all error output."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from strongroom import __version__


def main() -> None:
    """`strongroom`: runs the command and exits with its code (api.md §1)."""
    if sys.argv[1:] == ["--version"]:  # the one answer that needs no parser
        print(f"strongroom {__version__}")
        sys.exit(0)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names may hold what this terminal's encoding cannot show.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:] or ["--help"]))


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code; never raises but for a closed stdout."""
    import gc

    import click

    gc.set_threshold(50_000, 20, 20)  # a command makes many values that live until it ends
    from strongroom.cli.frame import Frame, ReaderGone, cli
    from strongroom.domain.errors import StrongroomError

    frame = Frame()
    try:
        result = cli.main(args=arguments, prog_name="strongroom", standalone_mode=False, obj=frame)
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.UsageError as error:
        code = _usage(frame, arguments, error)
    except (click.Abort, KeyboardInterrupt):
        print("strongroom: stopped", file=sys.stderr)
        code = 130
    except StrongroomError as error:
        _say(frame, str(error), error.document())
        code = error.exit_code
    except ReaderGone:
        _give_up_stdout()
        code = 128 + 13  # as a shell counts a command that SIGPIPE ended
    except Exception as error:
        from strongroom.logs import write_crash_report

        report = write_crash_report(type(error), error, error.__traceback__)
        where = f"a report without secrets is in {report}" if report else "no report could be kept"
        _say(
            frame,
            f"internal error: {type(error).__name__}: {where}",
            {
                "code": "internal",
                "message": f"internal error ({type(error).__name__})",
                "hint": where,
                "object": "",
            },
        )
        code = 1
    finally:
        frame.close()
    return code


def _usage(frame: Any, arguments: list[str], error: Any) -> int:
    frame.json = frame.json or "--json" in arguments
    path = error.ctx.command_path if error.ctx is not None else "strongroom"
    hint = f"see `{path} --help`"
    message = error.format_message().rstrip(".")
    _say(
        frame,
        f"usage: {message}: {hint}",
        {"code": "usage", "message": message, "hint": hint, "object": ""},
    )
    return 2


def _say(frame: Any, line: str, document: dict[str, str]) -> None:
    if sys.stderr is not None:
        print(f"strongroom: {' '.join(line.split())}", file=sys.stderr)
    if frame.json and sys.stdout is not None:
        import json

        try:
            print(json.dumps({"error": document}), flush=True)
        except OSError:
            _give_up_stdout()
    elif sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_stdout()


def _give_up_stdout() -> None:
    """What is still buffered goes nowhere, so that the interpreter's end does not fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
