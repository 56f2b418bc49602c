"""T43: whoever joins or connects knows the other side's certificate; nothing that is shown or run skips that."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from accounts.models import User
from tests.callers import ApiClient
from tests.house.files import texts
from tests.installs.test_plan import KINDS, planned, scripts_of

Api = Callable[..., ApiClient]
# What makes a program believe whoever answers.
BLIND = re.compile(
    r"curl[^\n]*\s(?:-k\b|--insecure)|wget[^\n]*--no-check-certificate|--insecure-skip-tls-verify(?!=false)"
    r"|--discovery-token-unsafe-skip-ca-verification|unsafeSkipCAVerification|StrictHostKeyChecking[= ]no"
    r"|--insecure-registry|\[trusted=yes\]|--allow-unauthenticated|gpgcheck=0|curl[^\n|]*\|\s*(?:sudo\s+)?(?:ba)?sh\b"
)


@pytest.mark.parametrize("kind", KINDS)
def test_t43_no_step_of_an_install_believes_whoever_answers(kind: str) -> None:
    scripts = scripts_of(planned(kind))
    assert scripts
    assert [found.group() for text in scripts for found in BLIND.finditer(text)] == []


def test_t43_a_host_joins_by_the_hash_of_the_authority() -> None:
    files = [
        content for step in planned("install") for content in map(str, step.files) if "JoinConfiguration" in content
    ]
    assert files
    assert all("caCertHashes" in content for content in files)


def test_t43_no_page_and_no_document_shows_a_command_that_does() -> None:
    shown = [
        f"{file}: {found.group()}"
        for file, text in texts(".html", ".md")
        if file.parts[0] in {"templates", "docs", "README.md", "deploy", "ci", "cli"}
        for found in BLIND.finditer(text)
    ]
    assert shown == []


def test_t43_a_cluster_whose_certificate_is_not_checked_is_an_admin_s_word(api: Api, admin: User) -> None:
    kubeconfig = """
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://9.9.9.9:6443", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
"""
    answer = api(admin).post("/clusters/", {"name": "blind", "kubeconfig": kubeconfig})
    assert answer.status_code == 422
    assert "insecure" in answer.content.decode()
