"""`strongroom completion`."""

from __future__ import annotations

import click

from strongroom.cli.frame import Frame, cli, common


@click.command()
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(["bash", "zsh", "fish"]))
@common
@click.pass_obj
def completion(frame: Frame, shell: str) -> None:
    """Print the completion script: eval "$(strongroom completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(cli, {}, "strongroom", "_STRONGROOM_COMPLETE").source()
    if shell == "bash":  # which else takes name@v1 for two words
        script += "\nCOMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n"
    frame.answer({"shell": shell, "script": script}, script)


COMMANDS = {"completion": completion}
