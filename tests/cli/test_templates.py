"""The four ready-made templates, each run against the running portal and its sandbox as its CI system would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from tests.accounts.issuer import Issuer, issuing
from tests.cli.ci_systems import CI, Job, Outcome, run_github_action, run_gitlab_job, run_jenkinsfile
from tests.cli.command import Cli
from tests.cli.conftest import Shop
from tests.cli.scripted import Reply, Scripted, problem

pytestmark = pytest.mark.slow

IMAGE = "registry.shop.example"
ACTION, GITLAB, JENKINS = CI / "github" / "action.yml", CI / "gitlab" / "slipway.yml", CI / "jenkins" / "Jenkinsfile"
CURL = CI / "curl" / "deploy.sh"
HELD = json.dumps({"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "job", Cli(tmp_path))


def github(job: Job, shop: Shop, image: str, **inputs: str) -> Outcome:
    job.env = {
        "GITHUB_REPOSITORY": "shop/basket",
        "GITHUB_RUN_ID": image,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "deploy",
    }
    asked = {"url": shop.url, "token": shop.token("admin"), "service": "basket", "environment": "dev", "image": image}
    return run_github_action(job, ACTION, asked | inputs)


@pytest.mark.sandbox
def test_the_github_action_releases_and_tells(job: Job, shop: Shop) -> None:
    outcome = github(job, shop, f"{IMAGE}/basket:10.0.0", reason="a tag")

    assert outcome.code == 0, outcome.log
    assert outcome.outputs["status"] == "succeeded"
    assert outcome.outputs["exit-code"] == "0"
    release = shop.release(outcome.outputs["id"])
    assert (release["note"], release["images"]["basket"]) == ("a tag", f"{IMAGE}/basket:10.0.0")
    assert outcome.outputs["url"] == release["links"]["ui"]
    assert "basket 10.0.0 to dev: succeeded" in outcome.summary
    assert re.search(r"^\d\d:\d\d:\d\dZ ", outcome.log, re.MULTILINE)


@pytest.mark.sandbox
def test_the_github_action_fails_with_the_release(job: Job, shop: Shop) -> None:
    outcome = github(job, shop, f"{IMAGE}/basket:10.1.0-crash")

    assert outcome.code == 1
    assert (outcome.outputs["status"], outcome.outputs["reason"]) == ("failed", "CrashLoopBackOff")
    assert "::error title=basket 10.1.0-crash to dev%3A failed::" in outcome.log


@pytest.mark.sandbox
def test_what_is_in_an_input_is_never_a_command(job: Job, shop: Shop) -> None:
    outcome = github(job, shop, f'{IMAGE}/basket:1"; touch stolen; $(touch stolen) #', reason="`touch stolen`")

    assert outcome.code == 2
    assert not (job.folder / "stolen").exists()
    option = github(Job(job.folder / "again", job.cli), shop, f"{IMAGE}/basket:2", service="--help")
    assert option.code == 2
    assert "Usage: slipway deploy [OPTIONS] SERVICE ENVIRONMENT\n\n  Release an image" not in option.log


@pytest.fixture
def issuer(shop: Shop) -> Iterator[Issuer]:
    """Who vouches for jobs of acme/checkout: at the portal they act as a robot of team checkout."""
    with issuing() as started:
        made = shop.api.post("teams/checkout/robots/", json={"name": "ci", "roles": ["developer"]})
        assert made.status_code in (201, 409), made.text
        rule = {
            "name": f"jobs-{uuid4().hex[:8]}",
            "robot": "ci@checkout",
            "provider": "github",
            "issuer": started.url,
            "audience": shop.url,
            "claims": {"repository": "acme/checkout"},
            "scopes": ["deploy"],
            "allow_private_address": True,
        }
        set_up = shop.api.post("ci-identities/", json=rule)
        assert set_up.status_code == 201, set_up.text
        yield started
        shop.api.delete(f"ci-identities/{rule['name']}/")


@pytest.mark.sandbox
def test_without_a_token_the_github_job_shows_its_identity(
    job: Job, shop: Shop, issuer: Issuer, scripted: Callable[..., Scripted]
) -> None:
    runner = scripted(*(Reply(body={"value": issuer.token(aud=shop.url)}) for _ in range(3)))
    job.cli = job.cli.with_(
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{runner.url}/?v=2", ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-runner"
    )

    outcome = github(job, shop, f"{IMAGE}/basket:11.0.0", token="")

    assert outcome.code == 0, outcome.log
    assert shop.release(outcome.outputs["id"])["created_by"] == "ci@checkout"
    assert shop.token("admin") not in outcome.log


@pytest.mark.sandbox
def test_without_a_token_the_gitlab_job_shows_its_identities_one_after_the_other(
    job: Job, shop: Shop, issuer: Issuer
) -> None:
    asked = {
        "SLIPWAY_URL": shop.url,
        "SLIPWAY_SERVICE": "basket",
        "SLIPWAY_ENVIRONMENT": "staging",
        "SLIPWAY_IMAGE": f"{IMAGE}/basket:11.0.0",
        "CI_PROJECT_ID": "1",
        "CI_JOB_ID": "79",
    }
    tokens: list[str] = []

    def id_token(audience: str) -> str:
        tokens.append(issuer.token(aud=audience))
        if len(tokens) == 1:
            # As a command earlier in the job would have.
            assert shop.api.post("auth/exchange/", json={"token": tokens[0]}).status_code == 201
        return tokens[-1]

    outcome = run_gitlab_job(job, GITLAB, asked, id_token=id_token)

    assert outcome.code == 0, outcome.log
    assert len(tokens) == 4
    assert json.loads(outcome.outputs["slipway.json"])["created_by"] == "ci@checkout"


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step["run"]] == []


@pytest.mark.sandbox
def test_the_gitlab_job_keeps_the_release_as_an_artifact(job: Job, shop: Shop) -> None:
    outcome = run_gitlab_job(
        job,
        GITLAB,
        {
            "SLIPWAY_URL": shop.url,
            "SLIPWAY_TOKEN": shop.token("admin"),
            "SLIPWAY_SERVICE": "catalog",
            "SLIPWAY_ENVIRONMENT": "dev",
            "SLIPWAY_IMAGE": f"{IMAGE}/catalog:10.0.0",
            "SLIPWAY_STRATEGY": "rolling",
            "CI_PROJECT_ID": "1",
            "CI_JOB_ID": "77",
        },
    )

    assert outcome.code == 0, outcome.log
    assert json.loads(outcome.outputs["slipway.json"])["status"] == "succeeded"


@pytest.mark.sandbox
def test_the_gitlab_job_ends_with_5_at_an_approval_when_told_so(job: Job, shop: Shop) -> None:
    shop.person("sue", "storefront", "approver")
    strategy = json.dumps({"type": "canary", "steps": [{"approval": {"required": 1}}, {"set_weight": 50}]})
    outcome = run_gitlab_job(
        job,
        GITLAB,
        {
            "SLIPWAY_URL": shop.url,
            "SLIPWAY_TOKEN": shop.token("admin"),
            "SLIPWAY_SERVICE": "catalog",
            "SLIPWAY_ENVIRONMENT": "staging",
            "SLIPWAY_IMAGE": f"{IMAGE}/catalog:10.0.0",
            "SLIPWAY_STRATEGY": strategy,
            "SLIPWAY_WAIT_APPROVAL": "false",
            "CI_PROJECT_ID": "1",
            "CI_JOB_ID": "78",
        },
    )

    assert outcome.code == 5, outcome.log
    assert yaml.safe_load(GITLAB.read_text())[".slipway-deploy"]["allow_failure"]["exit_codes"] == [5]
    release = json.loads(outcome.outputs["slipway.json"])
    assert release["reason"] == "ApprovalRequired"
    shop.api.post(f"releases/{release['id']}/abort/", json={})


@pytest.mark.sandbox
def test_the_jenkinsfile(job: Job, shop: Shop) -> None:
    job.env = {"SLIPWAY_URL": shop.url, "BUILD_TAG": "jenkins-stock-1"}
    parameters = {"SERVICE": "stock", "ENVIRONMENT": "dev", "IMAGE": f"{IMAGE}/stock:10.0.0"}

    outcome = run_jenkinsfile(job, JENKINS, parameters, {"slipway-token": shop.token("admin")})

    assert outcome.code == 0, outcome.log
    assert json.loads(outcome.outputs["slipway.json"])["status"] == "succeeded"
    # `sh -x` prints every command into the log of the build.
    assert shop.token("admin") not in outcome.log


def test_every_template_sends_what_the_command_knows(alone: Cli) -> None:
    known = set(re.findall(r"--[a-z-]+", alone("deploy", "--help").out))
    for file in (ACTION, GITLAB, JENKINS):
        lines = [line for line in file.read_text().splitlines() if "set --" in line or "slipway deploy" in line]
        used = set(re.findall(r"(?<=\s)--[a-z][a-z-]+", "\n".join(lines)))
        assert len(used) > 3
        assert used <= known


def curl(shop: Shop, tmp_path: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The script where there is nothing but a POSIX shell, curl and the tools of POSIX: no Python, no jq."""
    bin_ = tmp_path / "bin"
    bin_.mkdir(exist_ok=True)
    for program in ("sh", "curl", "date", "sleep", "tr", "awk"):
        found = shutil.which(program)
        assert found
        if not (bin_ / program).exists():
            (bin_ / program).symlink_to(Path(found).resolve())
    environment = {"PATH": str(bin_), "SLIPWAY_URL": shop.url, "SLIPWAY_TOKEN": shop.token("admin"), **env}
    return subprocess.run(
        [bin_ / "sh", CURL, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.sandbox
def test_curl_0_and_the_same_job_again_is_the_same_release(shop: Shop, tmp_path: Path) -> None:
    asked = ("shipping", "dev", f"{IMAGE}/shipping:10.0.0")
    done = curl(shop, tmp_path, *asked, CI_JOB_ID="900")
    again = curl(shop, tmp_path, *asked, CI_JOB_ID="900")
    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert done.stdout == again.stdout
    assert [row["id"] for row in shop.releases("shipping", "dev", "10.0.0")] == [done.stdout.strip()]


@pytest.mark.sandbox
def test_curl_1_failed(shop: Shop, tmp_path: Path) -> None:
    done = curl(shop, tmp_path, "shipping", "dev", f"{IMAGE}/shipping:10.1.0-nopull")
    assert done.returncode == 1
    assert "ImagePullFailed" in done.stderr


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "arguments",
    [
        ("shipping", "dev"),
        ("shipping", "dev", 'a", "reason": "x'),
        ("shipping", "dev", "a\nb"),
        ("shipping", "nowhere", f"{IMAGE}/shipping:1"),
        ("shipping", "dev", "UPPER/case"),
    ],
)
def test_curl_2_usage_and_refusals(shop: Shop, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = curl(shop, tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr


@pytest.mark.sandbox
@pytest.mark.parametrize("url", ["http://slipway.example", "http://127.0.0.1.evil.example", "http://localhost.evil"])
def test_curl_2_it_sends_no_token_unprotected(shop: Shop, tmp_path: Path, url: str) -> None:
    done = curl(shop, tmp_path, "shipping", "dev", "a:1", SLIPWAY_URL=url)
    assert (done.returncode, "unprotected" in done.stderr) == (2, True)


@pytest.mark.sandbox
def test_curl_3_and_6(shop: Shop, tmp_path: Path) -> None:
    shop.api.patch("services/recommendations/targets/dev/", json={"strategy": json.loads(HELD)})
    try:
        late = curl(shop, tmp_path, "recommendations", "dev", f"{IMAGE}/recommendations:10.0.0", SLIPWAY_TIMEOUT="8")
        assert late.returncode == 3, late.stderr
        blocked = curl(shop, tmp_path, "recommendations", "dev", f"{IMAGE}/recommendations:10.0.1")
        assert blocked.returncode == 6, blocked.stderr
        assert "The release is blocked (409): Release #" in blocked.stderr
        shop.api.post(f"releases/{shop.releases('recommendations', 'dev')[0]['id']}/abort/", json={})
    finally:
        shop.api.patch("services/recommendations/targets/dev/", json={"strategy": None})


def test_curl_asks_anew_what_the_job_was_refused_before(tmp_path: Path, scripted: Callable[..., Scripted]) -> None:
    before = problem(409, "release_blocked", headers={"Idempotency-Replayed": "true"})
    server = scripted(
        before, Reply(202, {"id": "1", "status": "queued"}), Reply(200, {"id": "1", "status": "succeeded"})
    )
    environment = {"PATH": os.environ["PATH"], "SLIPWAY_URL": server.url, "SLIPWAY_TOKEN": "slip_x", "CI_JOB_ID": "8"}
    done = subprocess.run(["sh", CURL, "web", "dev", "web:1"], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert server.headers("Idempotency-Key")[:2] == ["gitlab-8-web-dev", "gitlab-8-web-dev-2"]


@pytest.mark.sandbox
def test_curl_5_and_4(shop: Shop, tmp_path: Path) -> None:
    judge = shop.person("jane", "payments", "approver")
    shop.edit_environment("staging", approvals=[{"team": "payments", "count": 1}])
    try:
        asked = ("payments", "staging", f"{IMAGE}/payments:10.0.0")
        waits = curl(shop, tmp_path, *asked, SLIPWAY_WAIT_APPROVAL="no", SLIPWAY_KEY="once")
        assert waits.returncode == 5, waits.stderr
        jane = Cli(tmp_path, SLIPWAY_URL=shop.url, SLIPWAY_TOKEN=judge)
        assert jane("reject", "payments", "staging").code == 0
        assert curl(shop, tmp_path, *asked, SLIPWAY_KEY="once").returncode == 4
    finally:
        shop.edit_environment("staging", approvals=[])


def test_the_token_is_in_no_argument(tmp_path: Path) -> None:
    """Every user of a machine can read the arguments of a process."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    seen = tmp_path / "seen"
    (bin_ / "curl").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {seen}\ncat >/dev/null\nprintf "{{}}\\n403"\n')
    (bin_ / "curl").chmod(0o755)
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import subprocess,sys; sys.exit(subprocess.call(sys.argv[1:]))",
            "sh",
            CURL,
            "a",
            "b",
            "c",
        ],
        env={"PATH": f"{bin_}:/usr/bin:/bin", "SLIPWAY_URL": "https://x", "SLIPWAY_TOKEN": "slip_secret"},
        check=False,
        capture_output=True,
    )
    assert "releases/" in seen.read_text()
    assert "slip_secret" not in seen.read_text()
