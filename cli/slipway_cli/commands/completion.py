"""What the shell and a bug report want to know of the command itself."""

from __future__ import annotations

import click

from slipway_cli import __version__, exits

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash: eval "$(slipway completion bash)"            in ~/.bashrc
    zsh:  eval "$(slipway completion zsh)"             in ~/.zshrc
    fish: slipway completion fish > ~/.config/fish/completions/slipway.fish
    """
    from click.shell_completion import get_completion_class

    from slipway_cli.app import slipway

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(slipway, {}, "slipway", "_SLIPWAY_COMPLETE").source())
    return exits.SUCCEEDED


@click.command()
def version() -> int:
    """Print the version."""
    click.echo(f"slipway {__version__}")
    return exits.SUCCEEDED
