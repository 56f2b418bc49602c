"""All commands by name. A command's module is loaded when it is meant, so that the others cost no time."""

from __future__ import annotations

from importlib import import_module

import click

from slipway_cli import __version__

# Name -> module below slipway_cli.commands, function in it.
COMMANDS = {
    "deploy": "deploy:deploy",
    "status": "look:status",
    "wait": "look:wait",
    "logs": "look:logs",
    "releases": "lists:releases",
    "approve": "decide:approve",
    "reject": "decide:reject",
    "promote": "decide:promote",
    "pause": "decide:pause",
    "resume": "decide:resume",
    "retry": "decide:retry",
    "abort": "decide:abort",
    "rollback": "deploy:rollback",
    "promote-env": "promote_env:promote_env",
    "approvals": "lists:approvals",
    "services": "lists:services",
    "environments": "lists:environments",
    "clusters": "lists:clusters",
    "login": "login:login",
    "logout": "login:logout",
    "whoami": "login:whoami",
    "token": "token:token",
    "api": "api:api",
    "completion": "completion:completion",
    "version": "completion:version",
}


class Lazy(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: the usual ones first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"slipway_cli.commands.{module}"), name)
        return found


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="slipway", message="%(prog)s %(version)s")
def slipway() -> None:
    """Deploy services through a Slipway portal, watch releases and decide about them.

    \b
    The portal and the token come from SLIPWAY_URL and SLIPWAY_TOKEN, or from `slipway login`.
    Exit codes: 0 succeeded, 1 failed or aborted, 2 usage or API error, 3 timed out waiting, 4 rejected,
    5 waiting for an approval, 6 blocked by a window or policy.
    """
