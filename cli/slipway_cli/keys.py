"""The Idempotency-Key of a release that a CI job asks for: the same when the same job asks again."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

# Each CI system with the variables that name one run of one job.
JOBS = (
    ("github", ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB")),
    ("gitlab", ("CI_PROJECT_ID", "CI_JOB_ID")),
    ("jenkins", ("BUILD_TAG",)),
    ("buildkite", ("BUILDKITE_JOB_ID",)),
)


def key_for(body: dict[str, Any]) -> str:
    """Of the job and of what it asks for, so that a job may start several releases; random outside of CI."""
    for system, names in JOBS:
        values = [os.environ.get(name, "") for name in names]
        if all(values):
            asked = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
            job = hashlib.sha256("\n".join(values).encode()).hexdigest()
            return f"{system}-{values[-1][:80]}-{job[:16]}-{asked[:16]}".encode("ascii", "replace").decode()
    return random_key()


def random_key() -> str:
    """A key that nobody else uses."""
    from secrets import token_urlsafe

    return token_urlsafe(24)


def commit_here() -> str:
    """The commit that the CI job builds, "" elsewhere."""
    return next(
        (os.environ[name] for name in ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT") if os.environ.get(name)), ""
    )


def page_here() -> str:
    """The page of the CI job, "" elsewhere."""
    if run := os.environ.get("GITHUB_RUN_ID"):
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{os.environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or os.environ.get("BUILD_URL") or ""
