"""Small stand-ins for what runs a CI template: they read the file and run its shell lines as the real ones do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.cli.command import Cli, Ended
from tests.cli.test_github_output import outputs
from tests.portal_run import ROOT

CI = ROOT / "ci"
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


@dataclass
class Job:
    """A machine of a CI system: a work folder, and `slipway` on PATH as if an earlier job had installed it."""

    folder: Path
    cli: Cli
    log: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bin_ = self.folder / "bin"
        bin_.mkdir(parents=True)
        program = bin_ / "slipway"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m slipway_cli "$@"\n')
        program.chmod(0o755)

    def shell(self, words: list[str], **env: str) -> Ended:
        environment = {**self.cli.environment, "CI": "true", **self.env, **env}
        environment["PATH"] = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        self.log += done.stdout + done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)


@dataclass
class Outcome:
    """What the next step of a job sees."""

    code: int
    outputs: dict[str, str]
    log: str
    summary: str = ""


def run_github_action(job: Job, file: Path, inputs: dict[str, str]) -> Outcome:
    """A composite action: its steps in order until one fails, `${{ }}` only in env, outputs by file."""
    action = yaml.safe_load(file.read_text())
    declared: dict[str, Any] = action["inputs"]
    assert not set(inputs) - set(declared), "an input that the action does not declare"
    missing = {name for name, one in declared.items() if one.get("required") and not inputs.get(name)}
    assert not missing, f"required inputs are missing: {missing}"
    known = {f"inputs.{name}": inputs.get(name, one.get("default", "")) for name, one in declared.items()}
    known["github.action_path"] = str(file.parent)
    summary, code = job.folder / "summary", 0
    for number, step in enumerate(action["runs"]["steps"]):
        assert step["shell"] == "bash"
        script, out, path = (job.folder / f"{name}-{number}" for name in ("script", "output", "path"))
        script.write_text(step["run"])
        env = {name: _filled(str(text), known) for name, text in step.get("env", {}).items()}
        env |= {"GITHUB_OUTPUT": str(out), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_PATH": str(path)}
        env |= {"RUNNER_TEMP": str(job.folder), "GITHUB_ACTION_PATH": str(file.parent), "GITHUB_ACTIONS": "true"}
        code = job.shell(["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)], **env).code
        found = outputs(out.read_text()) if out.exists() else {}
        known |= {f"steps.{step.get('id', number)}.outputs.{name}": value for name, value in found.items()}
        if code:
            break
    told = {name: _filled(str(one["value"]), known) for name, one in action["outputs"].items()}
    return Outcome(code, told, job.log, summary.read_text() if summary.exists() else "")


def _filled(text: str, known: dict[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: known.get(found[1], ""), text)


def run_gitlab_job(
    job: Job, file: Path, variables: dict[str, str], *, id_token: Callable[[str], str] | None = None
) -> Outcome:
    """A hidden job that is extended: before_script and script are one script, in a shell that ends at an error."""
    (name, template), *_ = yaml.safe_load(file.read_text()).items()
    assert name.startswith(".")
    env = {**{key: str(value) for key, value in template["variables"].items()}, **variables}
    if id_token:
        for variable, asked in template["id_tokens"].items():
            env[variable] = id_token(str(asked["aud"]).replace("$SLIPWAY_URL", env["SLIPWAY_URL"]))
    script = job.folder / "script"
    script.write_text("\n".join([*template["before_script"], *template["script"], ""]))
    code = job.shell(["bash", "-e", "-o", "pipefail", str(script)], GITLAB_CI="true", **env).code
    kept = {path: (job.folder / path).read_text() for path in template["artifacts"]["paths"]}
    return Outcome(code, kept, job.log)


def run_jenkinsfile(job: Job, file: Path, parameters: dict[str, str], credentials: dict[str, str]) -> Outcome:
    """The `sh` steps in order until one fails, with environment, parameters and bound credentials as variables."""
    text = file.read_text()
    env = dict(re.findall(r"^\s+(\w+) = '([^']*)'$", text, re.MULTILINE))
    env |= dict(re.findall(r"string\(name: '(\w+)', defaultValue: '([^']*)'", text))
    for credential, variable in re.findall(r"credentialsId: '([\w-]+)', variable: '(\w+)'", text):
        env[variable] = credentials[credential]
    assert set(parameters) <= set(re.findall(r"string\(name: '(\w+)'", text))
    steps = re.findall(r"\bsh '''\n(.*?)'''", text, re.DOTALL)
    assert len(steps) == text.count("sh '''")
    code = 0
    for number, step in enumerate(steps):
        script = job.folder / f"script-{number}"
        assert "\\" not in step, "Groovy would read it as an escape"
        script.write_text(step)
        code = job.shell(["sh", "-xe", str(script)], **{**env, **parameters}).code
        if code:
            break
    kept = job.folder / "slipway.json"
    return Outcome(code, {"slipway.json": kept.read_text()} if kept.exists() else {}, job.log)
