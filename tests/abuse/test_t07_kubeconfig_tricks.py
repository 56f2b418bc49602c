"""T07: proxies, weakened checks and YAML tricks in a kubeconfig are refused, or need an admin's explicit approval."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from clusters.commands.source import Source
from clusters.connection.kubeconfig import read_kubeconfig
from clusters.errors import ClusterRefused
from tests.factories.kubeconfigs import as_text, kubeconfig

LETTERS = "abcdefghijkl"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{letter}: &{letter} [{','.join(['*' + before] * 9)}]\n" for before, letter in pairwise(LETTERS)
)


def test_t07_a_proxy_is_refused() -> None:
    with pytest.raises(ClusterRefused, match="proxy-url"):
        read_kubeconfig(as_text(kubeconfig(cluster={"proxy-url": "http://proxy.evil.example:3128"})))


def test_t07_skipping_verification_needs_explicit_approval() -> None:
    text = as_text(kubeconfig(cluster={"insecure-skip-tls-verify": True}))
    with pytest.raises(ClusterRefused, match="insecure-skip-tls-verify") as caught:
        Source(kubeconfig=text).read("c")
    assert "insecure_skip_tls_verify: true" in caught.value.next
    assert Source(kubeconfig=text, insecure_skip_tls_verify=True).read("c")[0].insecure_skip_tls_verify


def test_t07_another_tls_name_needs_explicit_approval() -> None:
    text = as_text(kubeconfig(cluster={"tls-server-name": "api.corp.example"}))
    for approval in ("", "other.example"):
        with pytest.raises(ClusterRefused, match="tls-server-name"):
            Source(kubeconfig=text, tls_server_name=approval).read("c")
    assert (
        Source(kubeconfig=text, tls_server_name="api.corp.example").read("c")[0].tls_server_name == "api.corp.example"
    )


GOOD = as_text(kubeconfig())


@pytest.mark.parametrize(
    ("what", "text"),
    {
        "alias bomb": BOMB + GOOD,
        "anchor": GOOD.replace("users:", "users: &u"),
        "merge key": GOOD + "extra:\n  <<: {a: b}\n",
        "key given twice": GOOD + "users: []\n",
        "server given twice": GOOD.replace("    server:", "    server: https://one.example\n    server:"),
        "python object": GOOD + "x: !!python/object/apply:os.system ['true']\n",
        "deep": GOOD + "x: " + "[" * 500 + "]" * 500,
        "very deep": "[" * 100_000,
        "two documents": GOOD + "---\n" + GOOD,
        "5 MB": GOOD + "#" * 5_000_000,
        "many events": GOOD + "x: [" + "a," * 60_000 + "]",
    }.items(),
)
def test_t07_yaml_tricks_are_refused_at_once(what: str, text: str) -> None:
    began = time.monotonic()
    with pytest.raises(ClusterRefused) as caught:
        read_kubeconfig(text)
    assert caught.value.step == "parse", what
    assert time.monotonic() - began < 2
