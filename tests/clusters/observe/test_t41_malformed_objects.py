"""T41: no object that a cluster sends makes reading raise; it is marked bad and says why, or it is left out."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.observe.kinds import BY_NAME, KINDS
from clusters.observe.objects import see, storable
from tests.clusters.observe.objects import deployment, pod, raw


@pytest.mark.parametrize(
    ("kind", "object_", "why"),
    [
        ("Pod", pod() | {"spec": "gone"}, "spec should be an object, but is a string"),
        ("Pod", pod() | {"spec": {"containers": [None]}}, "containers[] should be an object"),
        ("Pod", pod(containerStatuses=[{"name": "web", "restartCount": "4"}]), "restartCount should be a whole number"),
        (
            "Pod",
            raw("Pod", spec={"containers": [{"resources": {"requests": {"cpu": "lots"}}}]}),
            "'lots' is not a quantity",
        ),
        ("Deployment", deployment() | {"spec": {"replicas": True}}, "replicas should be a whole number"),
        ("Deployment", raw("Deployment", metadata={"labels": {"app": 7}}), "labels.app should be a string"),
        ("Deployment", raw("Deployment", metadata={"annotations": ["no", "slash"]}), "annotations should be an object"),
        ("HorizontalPodAutoscaler", raw("H", spec={"maxReplicas": "3"}), "maxReplicas should be a whole number"),
        ("Event", raw("Event", involvedObject=[]), "involvedObject should be an object"),
    ],
)
def test_a_malformed_object_is_marked_bad_and_says_why(kind, object_, why):
    seen = see(BY_NAME[kind], object_)
    assert why in seen.bad
    assert seen.slim == {"bad": seen.bad}
    assert seen.name == "web" or seen.name.startswith("web-")


@pytest.mark.parametrize(
    "object_", [None, 7, "x", [], {}, {"metadata": None}, {"metadata": {"name": 3}}, {"metadata": {"name": ""}}]
)
def test_what_has_no_name_is_left_out(object_):
    assert see(BY_NAME["Pod"], object_) is None


def test_missing_and_null_fields_are_empty_not_bad():
    assert see(BY_NAME["Pod"], raw("Pod", spec={"containers": None}, status=None)).bad == ""
    assert see(BY_NAME["Event"], raw("Event")).bad == ""


def test_a_resource_version_that_is_no_number_counts_as_none():
    assert see(BY_NAME["Pod"], raw("Pod", metadata={"resourceVersion": "later"})).resource_version == 0


def test_a_megabyte_of_annotation_and_message_is_cut():
    seen = see(
        BY_NAME["Pod"], raw("Pod", metadata={"annotations": {"big": "x" * 2**20}}, status={"message": "y" * 2**20})
    )
    assert len(orjson.dumps(seen.slim)) < 4000


def test_what_no_database_stores_is_replaced():
    assert storable({"a\x00": ["b\x00", {"c": "\ud800"}]}) == {"a\ufffd": ["b\ufffd", {"c": "\ufffd"}]}


FIELDS = [
    *("annotations", "conditions", "containers", "containerStatuses", "controller", "count", "cpu", "endpoints"),
    *("generation", "involvedObject", "labels", "memory", "metadata", "ownerReferences", "ports", "requests"),
    *("resources", "resourceVersion", "scaleTargetRef", "selector", "series", "spec", "state", "status", "template"),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=25,
)


@given(body=st.dictionaries(st.sampled_from(FIELDS), values, max_size=6), kind=st.sampled_from(KINDS))
def test_nothing_that_can_be_sent_as_json_makes_reading_raise(body: dict[str, Any], kind):
    metadata = body.get("metadata")
    named = {**(metadata if isinstance(metadata, dict) else {}), "name": "web"}
    seen = see(kind, body | {"metadata": named})
    assert seen is None or seen.name == "web"
