"""What is read from a pasted kubeconfig, and how its contexts are chosen."""

from __future__ import annotations

import base64

import pytest

from clusters.connection.kubeconfig import contexts_of, decode_pem, read_kubeconfig
from clusters.errors import ClusterRefused
from tests.clusters.tls_server import Authority
from tests.factories.kubeconfigs import as_text, kubeconfig


def two_contexts() -> str:
    document = kubeconfig("https://one.example:6443", context="one")
    document["contexts"].append({"name": "two", "context": {"cluster": "c2", "user": "u2"}})
    document["clusters"].append({"name": "c2", "cluster": {"server": "https://two.example"}})
    document["users"].append({"name": "u2", "user": {"exec": {"command": "gke-plugin"}}})
    return as_text(document)


def test_the_current_context_is_taken_unless_one_is_named(authority: Authority) -> None:
    found = read_kubeconfig(as_text(kubeconfig("https://k8s.example:6443", ca=authority.pem)))
    assert (found.context, found.api_url, found.token) == ("main", "https://k8s.example:6443", "abc")
    assert found.ca_data == authority.pem


def test_contexts_are_listed_with_what_is_in_the_way_of_each() -> None:
    one, two = contexts_of(two_contexts())
    assert (one.name, one.server, one.is_current, one.problem) == ("one", "https://one.example:6443", True, "")
    assert "exec" in two.problem


def test_a_context_that_can_be_used_is_not_spoilt_by_its_neighbour() -> None:
    assert read_kubeconfig(two_contexts(), "one").token == "abc"


def test_without_a_current_context_the_choices_are_named() -> None:
    text = two_contexts().replace("current-context: one\n", "")
    with pytest.raises(ClusterRefused, match="one, two") as caught:
        read_kubeconfig(text)
    assert (caught.value.step, caught.value.pointer) == ("parse", "/context")


def test_a_client_certificate_wins_over_a_token_and_needs_its_key(authority: Authority) -> None:
    pair = authority.issue("me")
    user = {"client-certificate-data": base64.b64encode(pair.certificate.encode()).decode(), "token": "abc"}
    with pytest.raises(ClusterRefused, match="client-key-data"):
        read_kubeconfig(as_text(kubeconfig(user=user)))
    user["client-key-data"] = base64.b64encode(pair.key.encode()).decode()
    found = read_kubeconfig(as_text(kubeconfig(user=user)))
    assert (found.certificate, found.key, found.token) == (pair.certificate, pair.key, "")
    assert pair.key not in repr(found)


def test_names_stay_text_even_where_yaml_has_other_ideas() -> None:
    text = as_text(kubeconfig()).replace("main", "no")
    assert read_kubeconfig(text).context == "no"


@pytest.mark.parametrize(
    "text", ["", "hello", "- a\n- b\n", "a: [1, 2", "apiVersion: v1\nkind: Secret\n", "\x00", "{}"]
)
def test_what_is_no_kubeconfig_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ClusterRefused, match="cannot be read") as caught:
        read_kubeconfig(text)
    assert caught.value.step == "parse"


def test_a_broken_line_is_named_by_its_place_and_never_quoted() -> None:
    with pytest.raises(ClusterRefused, match="line 2") as caught:
        read_kubeconfig('token: hush-hush\n  bad: "hush-hush\n')
    assert "hush" not in str(caught.value)


def test_certificates_come_as_pem_or_base64_of_it(authority: Authority) -> None:
    encoded = base64.b64encode(authority.pem.encode()).decode()
    assert decode_pem(encoded, pointer="/ca_data", what="ca_data") == authority.pem
    assert decode_pem(authority.pem, pointer="/ca_data", what="ca_data") == authority.pem
    for bad in ("%%%", base64.b64encode(b"nothing").decode()):
        with pytest.raises(ClusterRefused):
            decode_pem(bad, pointer="/ca_data", what="ca_data")
