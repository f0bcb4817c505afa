"""`strongroom get`, `cat` and `verify`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from strongroom.cli.completing import paths_of_version, references
from strongroom.cli.frame import Frame, common, counted, writing_out
from strongroom.domain.errors import NotFound, printable
from strongroom.domain.quantities import size_text


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@click.argument("dest", type=click.Path(readable=False))
@click.option(
    "--file",
    "files",
    metavar="P",
    multiple=True,
    shell_complete=paths_of_version,
    help="Only this path of the version.",
)
@click.option(
    "--force", is_flag=True, help="Replace what is at DEST; a folder must hold nothing else."
)
@click.option("--link", is_flag=True, help="Make the copies read-only.")
@common
@click.pass_obj
def get(
    frame: Frame, reference: str, dest: str, files: tuple[str, ...], force: bool, link: bool
) -> None:
    """Write the verified content of a version to DEST.

    A version of one file becomes the file DEST, or a file in the folder DEST if that ends in a
    slash; any other one a folder.
    """
    as_folder, progress = dest.endswith(os.sep), frame.progress(reference)
    answer = frame.open().get(reference, Path(dest), files, force, link, as_folder, progress)
    frame.answer(
        answer,
        f"{counted(answer['files'], 'file')}, {size_text(answer['size'])}, verified: "
        f"{printable(answer['path'])}",
    )


@click.command()
@click.argument("reference", metavar="REF", shell_complete=references)
@click.argument("path", shell_complete=paths_of_version)
@common
@click.pass_obj
def cat(frame: Frame, reference: str, path: str) -> None:
    """One file of a version to stdout, verified."""
    for chunk in frame.open().cat(reference, path):
        with writing_out():
            sys.stdout.buffer.write(chunk)
    with writing_out():
        sys.stdout.flush()


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1, shell_complete=references)
@click.option("--all", "everything", is_flag=True, help="The whole registry (also without REF).")
@click.option("--repair", is_flag=True, help="Mend what is damaged from sound copies.")
@click.option(
    "--from",
    "below",
    metavar="PATH",
    multiple=True,
    type=click.Path(readable=False),
    help="Where else to look for sound copies.",
)
@click.option("--sample", metavar="P", default="1", help="Only this share: 0.1 or 10%.")
@common
@click.pass_obj
def verify(
    frame: Frame,
    references: tuple[str, ...],
    everything: bool,
    repair: bool,
    below: tuple[str, ...],
    sample: str,
) -> int:
    """Re-hash what is stored. Exits 6 where something is damaged and not mended."""
    share = _share(sample)
    if everything and references:
        raise click.UsageError("--all and REF do not go together")
    if below and not repair:
        raise click.UsageError("--from says where --repair looks, so it needs --repair")
    for place in below:
        if not os.path.exists(place):
            raise NotFound("there is no such file or folder", place, "check --from")
    answer = frame.open().verify(
        references, share, repair, [os.fsencode(b) for b in below], frame.progress("verifying")
    )
    mended = {r["digest"] for r in answer["repaired"]}
    left = [d for d in answer["damaged"] if d["digest"] not in mended]
    lines = [f"{counted(answer['checked'], 'stored file')} checked"]
    for one in answer["damaged"]:
        state = "mended" if one["digest"] in mended else "DAMAGED"
        lines.append(
            f"{state}  {one['digest'][:23]}  {printable(one['path'])}  "
            f"{', '.join(printable(v) for v in one['versions']) or 'no version'}"
        )
    frame.answer(answer, "\n".join(lines))
    return 6 if left else 0


def _share(text: str) -> float:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise click.UsageError(f"--sample {text} is not a share such as 0.1 or 10%") from error


COMMANDS = {"get": get, "cat": cat, "verify": verify}
