"""What each kind of sender posts, and which images it tells of. Bodies are shaped as their makers document them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks.conftest import DIGEST
from webhooks.matching import means, work_of
from webhooks.payloads import READERS, pushes_of
from webhooks.payloads.push import Push

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def event(**target: Any) -> dict[str, Any]:
    return {"action": "push", "target": target, "request": {"host": "registry.example:5000"}}


BODIES: list[tuple[str, Any, list[str]]] = [
    (
        "distribution",
        {
            "events": [
                event(mediaType=MANIFEST, repository="acme/checkout", tag="1.4.2", digest=DIGEST),
                event(mediaType="application/octet-stream", repository="acme/checkout", digest=DIGEST),
                # One platform of an image for several.
                event(mediaType=MANIFEST, repository="acme/checkout", digest=f"sha256:{'b' * 64}"),
                {**event(mediaType=MANIFEST, repository="acme/other", tag="1", digest=DIGEST), "action": "pull"},
            ]
        },
        [f"registry.example:5000/acme/checkout:1.4.2@{DIGEST}"],
    ),
    (
        "docker_hub",
        {"push_data": {"tag": "1.4.2", "pusher": "ann"}, "repository": {"repo_name": "acme/checkout"}},
        ["docker.io/acme/checkout:1.4.2"],
    ),
    (
        "harbor",
        {
            "type": "PUSH_ARTIFACT",
            "event_data": {
                "resources": [
                    {"digest": DIGEST, "tag": "1.4.2", "resource_url": "harbor.example/acme/checkout:1.4.2"},
                    {"digest": DIGEST, "resource_url": f"harbor.example/acme/checkout@{DIGEST}"},
                ],
                "repository": {"repo_full_name": "acme/checkout"},
            },
        },
        [f"harbor.example/acme/checkout:1.4.2@{DIGEST}"],
    ),
    ("harbor", {"type": "SCANNING_COMPLETED", "event_data": {"resources": []}}, []),
    (
        "quay",
        {"repository": "acme/checkout", "docker_url": "quay.io/acme/checkout", "updated_tags": ["1.4", "1.4.2"]},
        ["quay.io/acme/checkout:1.4", "quay.io/acme/checkout:1.4.2"],
    ),
    (
        "github",
        {
            "action": "published",
            "package": {
                "package_type": "CONTAINER",
                "package_version": {
                    "package_url": "ghcr.io/acme/checkout:1.4.2",
                    "target_oid": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
                    "container_metadata": {"tag": {"name": "1.4.2", "digest": DIGEST}},
                },
            },
        },
        [f"ghcr.io/acme/checkout:1.4.2@{DIGEST}"],
    ),
    ("github", {"action": "published", "package": {"package_type": "npm", "package_version": {}}}, []),
    ("github", {"zen": "Design for failure.", "hook_id": 1}, []),
    (
        "gitlab",
        {
            "object_kind": "pipeline",
            "object_attributes": {"status": "success", "tag": True, "ref": "1.4.2", "sha": "bcbb5ec"},
            "project": {"path_with_namespace": "Acme/Checkout"},
        },
        ["acme/checkout:1.4.2"],
    ),
    (
        "gitlab",
        {
            "object_kind": "pipeline",
            "object_attributes": {"status": "failed", "tag": True, "ref": "1.4.2"},
            "project": {"path_with_namespace": "acme/checkout"},
        },
        [],
    ),
    ("generic", {"image": "registry.example/acme/checkout:1.4.2"}, ["registry.example/acme/checkout:1.4.2"]),
    (
        "generic",
        {"images": ["acme/checkout:1", {"image": "acme/stock:2", "digest": DIGEST}]},
        ["acme/checkout:1", f"acme/stock:2@{DIGEST}"],
    ),
]


@pytest.mark.parametrize(("kind", "body", "images"), BODIES)
def test_it_tells_of_these_images(kind: str, body: Any, images: list[str]) -> None:
    assert [push.image() for push in pushes_of(kind, body)] == images


@pytest.mark.parametrize(
    "image",
    [
        "a b:1",
        "acme/checkout",
        "acme/checkout:1;reboot",
        "acme/checkout:1\n",
        "../../etc:1",
        "acme/checkout:$(id)",
        "evil.example/-x:1",
        "a" * 300 + ":1",
        "acme/checkout:1@sha256:short",
        "http://x/y:1",
        "",
    ],
)
def test_what_is_no_image_is_none(image: str) -> None:
    assert pushes_of("generic", {"image": image}) == []


@pytest.mark.parametrize("commit", ["a\0b", "c" * 201, "a\nb"])
def test_a_commit_that_cannot_be_kept_is_left_out(commit: str) -> None:
    (push,) = pushes_of("generic", {"image": "acme/checkout:1", "commit": commit})
    assert (push.image(), push.commit) == ("acme/checkout:1", "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["events", "target", "repository", "push_data", "tag", "package", "type", "event_data", "image", "images"]


@pytest.mark.parametrize("kind", READERS)
@given(body=json_values | st.dictionaries(st.sampled_from(KEYS), json_values, max_size=5))
def test_no_body_at_all_breaks_it(kind: str, body: Any) -> None:
    for push in pushes_of(kind, body):
        assert push.is_sound


@pytest.mark.parametrize(
    ("pattern", "image", "fits"),
    [
        ("checkout:1.*", "checkout:1.4.2", True),
        ("checkout:1.*", "checkout:2.0", False),
        ("checkout:1.*", "evil/checkout:1.4.2", False),
        ("acme/checkout:1.*", "registry.example:5000/acme/checkout:1.4", True),
        ("registry.example:5000/acme/checkout", "registry.example:5000/acme/checkout:1.4", True),
        ("registry.example:5000/acme/checkout", "other.example/acme/checkout:1.4", False),
        ("acme/*:1.*", "acme/checkout:1.0", True),
        ("acme/*:1.*", "acme/deep/checkout:1.0", False),
        ("acme/checkout", "acme/checkout:latest", True),
        ("acme/checkout:1.0", "acme/checkout:1x0", False),
    ],
)
def test_a_rule_means_whole_repositories(pattern: str, image: str, fits: bool) -> None:
    assert means(pattern, Push.of_image(image)) == fits


def test_one_content_under_several_tags_is_released_once_under_the_longest() -> None:
    rule = {"match": "acme/checkout:1*", "service": "checkout", "environment": "dev"}
    pushes = [Push("", "acme/checkout", tag, DIGEST) for tag in ("1", "1.4.2", "1.4")]
    assert [one["image"] for one in work_of([rule], pushes)] == [f"acme/checkout:1.4.2@{DIGEST}"]


def test_a_rule_may_name_the_image_that_a_sender_does_not() -> None:
    rule = {"match": "acme/checkout:*", "service": "checkout", "environment": "dev", "image": "registry.example/shop"}
    (work,) = work_of([rule], [Push("", "acme/checkout", "1.0")])
    assert (work["image"], work["version"]) == ("registry.example/shop:1.0", "1.0")
