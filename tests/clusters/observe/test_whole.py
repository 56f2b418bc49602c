"""Only a workload under release is kept with all fields."""

from __future__ import annotations

import pytest

from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.whole import CLAIM, KeptWhole, Workload, selector_text
from tests.clusters.observe.objects import deployment, owned_by, pod, raw

WEB = Workload("shop", "web")


def replica_set(name: str, deployment_name: str = "web") -> dict:
    return raw("ReplicaSet", name, metadata=owned_by("Deployment", deployment_name))


@pytest.mark.parametrize(
    ("object_", "is_kept"),
    [
        (deployment(), True),
        (deployment("web-admin"), False),
        (replica_set("web-6d4f"), True),
        (replica_set("web-admin-77", "web-admin"), False),
        (pod("web-6d4f-abcde"), True),
        (raw("Pod", "web-admin-77-x", metadata=owned_by("ReplicaSet", "web-admin-77")), False),
        (raw("Pod", "web-0", metadata=owned_by("StatefulSet", "web")), False),
        (raw("Event", "e", type="Warning", involvedObject={"kind": "Pod", "name": "web-6d4f-abcde"}), False),
    ],
)
def test_the_workload_its_replica_sets_and_pods_are_kept(object_, is_kept):
    kept = KeptWhole(frozenset({WEB}))
    assert (kept.whole_of(see(BY_NAME[object_["kind"]], object_), object_) is not None) == is_kept


def test_pods_of_an_adopted_replica_set_are_known_by_its_uid():
    kept = KeptWhole(frozenset({WEB}))
    adopted = replica_set("legacy")
    orphan = raw("Pod", "legacy-x", metadata=owned_by("ReplicaSet", "legacy"))
    assert kept.whole_of(see(BY_NAME["Pod"], orphan), orphan) is None
    kept.whole_of(see(BY_NAME["ReplicaSet"], adopted), adopted)
    assert kept.whole_of(see(BY_NAME["Pod"], orphan), orphan) is not None


def test_what_carries_a_claim_is_kept_before_the_row_is_read():
    """The first write of a release claims its Deployment, and the watch tells of that at once."""
    kept = KeptWhole()
    claimed, free = deployment(), deployment()
    claimed["metadata"] = {**claimed["metadata"], "labels": {CLAIM: "a-release"}}

    def is_kept(object_: dict) -> bool:
        return kept.whole_of(see(BY_NAME[object_["kind"]], object_), object_) is not None

    assert not is_kept(pod())
    assert is_kept(claimed)
    assert is_kept(replica_set("web-6d4f"))
    assert is_kept(pod())
    assert not is_kept(deployment("basket"))
    assert not kept.as_rows_say().wants(see(BY_NAME["Pod"], pod()))
    kept.replace({WEB})
    assert not is_kept(raw("Service", "front", spec={"selector": {"app": "basket"}}))
    kept.replace(set())
    assert not is_kept(free)
    assert not is_kept(pod())


def test_services_that_pick_its_pods_are_kept_with_their_endpoint_slices():
    kept = KeptWhole(frozenset({WEB}))
    slices = raw("EndpointSlice", "web-x", metadata={"labels": {"kubernetes.io/service-name": "front"}}, endpoints=[])

    def is_kept(object_: dict) -> bool:
        return kept.whole_of(see(BY_NAME[object_["kind"]], object_), object_) is not None

    def service(selector: dict) -> dict:
        return raw("Service", "front", spec={"selector": selector})

    web = deployment()
    labels = {"app": "web", "tier": "front"}
    web["spec"] = {**web.get("spec", {}), "template": {"metadata": {"labels": labels}}}
    assert not is_kept(service({"app": "web"}))
    assert not is_kept(slices)
    assert is_kept(web)
    for selector in ({"app": "web"}, {**labels, "pod-template-hash": "abc"}):
        assert is_kept(service(selector))
        assert is_kept(slices)
    for selector in ({"app": "basket"}, {}, {"pod-template-hash": "abc"}):
        assert not is_kept(service(selector))
        assert not is_kept(slices)


def test_what_others_have_read_of_a_workload_tells_as_much_as_the_watch():
    kept = KeptWhole(frozenset({WEB}))
    slices = raw("EndpointSlice", "web-x", metadata={"labels": {"kubernetes.io/service-name": "front"}}, endpoints=[])
    for object_ in (deployment(), raw("Service", "front", spec={"selector": {"app": "web"}})):
        assert kept.whole_of(see(BY_NAME["EndpointSlice"], slices), slices) is None
        kept.learn(object_["kind"], "shop", object_)
    assert kept.whole_of(see(BY_NAME["EndpointSlice"], slices), slices) is not None


def test_managed_fields_are_kept_of_the_deployment_alone():
    kept = KeptWhole(frozenset({WEB}))
    for object_, has_them in ((deployment(), True), (replica_set("web-6d4f"), False), (pod(), False)):
        whole = kept.whole_of(see(BY_NAME[object_["kind"]], object_), object_)
        assert ("managedFields" in whole["metadata"]) == has_them
        assert "managedFields" in object_["metadata"]


def test_what_came_and_what_went_is_told():
    kept = KeptWhole()
    assert kept.replace({WEB}) == ({WEB}, set())
    assert kept.replace({Workload("shop", "basket")}) == ({Workload("shop", "basket")}, {WEB})


def test_a_selector_is_written_as_the_api_takes_it():
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "env", "operator": "NotIn", "values": ["x"]},
        {"key": "app", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    text = selector_text({"matchLabels": {"app": "web"}, "matchExpressions": expressions})
    assert text == "app=web,tier in (a,b),env notin (x),app,!old"
