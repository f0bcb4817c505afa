"""`strongroom completion`."""

from __future__ import annotations

import click

from strongroom.cli.frame import Frame, cli


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(frame: Frame, shell: str) -> None:
    """Print the completion script: eval "$(strongroom completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "strongroom", "_STRONGROOM_COMPLETE").source())


COMMANDS = {"completion": completion}
