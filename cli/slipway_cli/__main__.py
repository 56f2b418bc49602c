"""The way in: runs a command and turns whatever happens into one of the exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import click

from slipway_cli import exits
from slipway_cli.app import slipway
from slipway_cli.errors import Stopped, Trouble

DEBUG = "SLIPWAY_DEBUG"


def main() -> None:
    """What `slipway` and `python -m slipway_cli` start."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; answers its exit code."""
    try:
        code: Any = slipway.main(arguments, prog_name="slipway", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:
        # How click tells of a KeyboardInterrupt.
        return abort.__cause__.code if isinstance(abort.__cause__, Stopped) else exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.SUCCEEDED
    except Exception as fault:
        # 1 would say that the release has failed, which nobody knows.
        if os.environ.get(DEBUG):
            raise
        Trouble(
            "slipway has met something that it does not expect",
            f"{type(fault).__name__}: {fault}",
            next=f"run it again with {DEBUG}=1 and report what it says",
        ).show()
        return exits.ERROR
    return code if isinstance(code, int) else exits.SUCCEEDED


def _stop(_signal: int, _frame: object) -> None:
    raise Stopped(exits.TERMINATED)


if __name__ == "__main__":
    main()
