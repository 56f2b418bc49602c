"""Helm, from the pins of the container image: built once, behind a cluster that already runs."""

import os
import shutil
import subprocess
import sys

from sandbox import processes
from sandbox.build import LOWERED_PRIORITY, Programs, Tool, is_built
from sandbox.paths import REPOSITORY, StateFolder

HELM = Programs(REPOSITORY / "deploy" / "tools" / "helm", (Tool("helm", "helm.sh/helm/v4/cmd/helm"),))


def build_behind(state: StateFolder) -> subprocess.Popen[bytes] | None:
    """Begin to build Helm in a process that dies with this one; None where there is one. Its log is helm-build.log.

    Nothing of the cluster waits for it, and what it has compiled when it is ended it does not compile again.
    """
    if os.environ.get("SLIPWAY_HELM") or shutil.which("helm") or is_built(HELM):
        return None
    output = os.open(state.logs / "helm-build.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return processes.spawn(
            [sys.executable, "-m", "sandbox", "build", "--helm"],
            output=output,
            env=os.environ,
            cwd=REPOSITORY,
            niceness=LOWERED_PRIORITY,
        )
    except OSError:
        return None
    finally:
        os.close(output)
