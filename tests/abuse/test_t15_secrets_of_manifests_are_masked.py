"""T15: what kubectl keeps of a Secret in an annotation, managed fields, and differences of Secrets show no value."""

from __future__ import annotations

import base64
import json

import orjson
import pytest

from charts import manifests
from clusters.models import Observation
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
VALUE = base64.b64encode(b"planted-in-a-secret").decode()


def secret(value: str = VALUE, **metadata: object) -> str:
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", **metadata}, "data": {"key": value}}
    return json.dumps(made)


KEPT = {"annotations": {APPLIED: secret(), "team": "payments"}, "managedFields": [{"fieldsV1": {"f:data": VALUE}}]}


@pytest.mark.parametrize("content", [VALUE, [VALUE], {"key": [VALUE]}, {"key": {"deep": VALUE}}], ids=str)
@pytest.mark.parametrize("part", ["data", "stringData"])
def test_t15_a_secret_of_another_shape_shows_nothing_either(part: str, content: object) -> None:
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, part: content}
    assert VALUE not in manifests.shown(json.dumps(made))


@pytest.mark.parametrize("manifest", [secret(), secret(**KEPT), f"---\n{secret(**KEPT)}\n---\n{secret()}\n"])
def test_t15_a_manifest_is_shown_without_the_values_of_its_secrets(manifest: str) -> None:
    shown = manifests.shown(manifest)
    assert VALUE not in shown
    assert "planted-in-a-secret" not in shown
    assert "keys" in shown


def test_t15_secrets_within_a_list_are_found_too() -> None:
    shown = manifests.shown(json.dumps({"apiVersion": "v1", "kind": "List", "items": [json.loads(secret(**KEPT))]}))
    assert VALUE not in shown


def test_t15_a_difference_says_that_a_value_differs_and_not_which() -> None:
    other = base64.b64encode(b"another-planted").decode()
    (change,) = manifests.changes(secret(**KEPT), secret(other, **KEPT), "default")
    told = str(change)
    assert change.action == "changed"
    assert not any(value in told for value in (VALUE, other))


def test_t15_what_cannot_be_read_is_not_shown_at_all() -> None:
    assert VALUE not in manifests.shown(f"kind: Secret\ndata: {{key: {VALUE}\n")


def test_t15_no_secret_is_watched_and_no_kept_configuration_is_stored() -> None:
    """Of other objects the watcher keeps neither that annotation nor managed fields in what pages show."""
    assert "Secret" not in BY_NAME
    named = {"name": "web", "namespace": "dev", "uid": "u", "resourceVersion": "1", **KEPT}
    for name, kind in BY_NAME.items():
        seen = see(kind, {"apiVersion": "v1", "kind": name, "metadata": named})
        assert VALUE.encode() not in orjson.dumps(seen.slim), name
    assert Observation._meta.get_field("slim")
