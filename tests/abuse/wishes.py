"""What is sent to an address so that only the right to it decides: without it, a refusal would be about the body."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.abuse.furnished import CHART, CLUSTER, ROBOT, SERVICE, STAGE, TEMPLATE, Place
from tests.charts.archives import web_chart

IMAGE = "registry.example/shop/checkout:9"
TARGET = {"service": SERVICE, "environment": STAGE}
RELEASE = {**TARGET, "image": IMAGE}
HELM = {"cluster": CLUSTER, "namespace": STAGE, "name": "second", "chart": f"uploads/{CHART}"}
NEW_TARGET = {"environment": "spare", "cluster": CLUSTER, "namespace": STAGE, "workload": "web"}
ANALYSIS = {"query": "sum(up)", "success": "result > 0"}
ANALYSIS_FORM = {
    **ANALYSIS,
    "version_label": "pod",
    "window_seconds": 60,
    "interval_seconds": 30,
    "count": 5,
    "min_samples": 0,
    "initial_delay_seconds": 0,
    "failure_limit": 0,
    "inconclusive_limit": 3,
    "error_limit": 4,
    "on_error": "pause",
}
CHANNEL = {"name": "second", "kind": "email", "to": "a@example.org", "events": ["release.fail"], "is_active": "on"}
HOST = {"name": "one", "address": "192.0.2.9", "role": "control_plane", "user": "root", "credential": {"password": "x"}}
CATALOG = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: imported}
spec: {type: service, lifecycle: production, owner: payments}
"""

SOURCE_RULE = {"match": "second:*", "service": SERVICE, "environment": STAGE}
WEBHOOK = {"name": "second", "kind": "generic", "robot": f"{ROBOT}@payments"}
CI_IDENTITY = {
    "name": "second",
    "robot": f"{ROBOT}@payments",
    "provider": "github",
    "audience": "https://slipway.example",
    "claims": {"repository": "zebra/second"},
}

API: dict[str, Any] = {
    "POST ci-identities/": CI_IDENTITY,
    "PATCH ci-identities/<str:name>/": {"claims": {"repository": "zebra/second"}},
    "POST teams/<str:name>/robots/": {"name": "second", "roles": ["viewer"]},
    "PATCH teams/<str:name>/robots/<str:robot>/": {"roles": ["viewer"]},
    "POST teams/<str:name>/robots/<str:robot>/tokens/": {"name": "second", "scopes": ["read"], "expires": "30d"},
    "POST webhook-sources/": {**WEBHOOK, "rules": [SOURCE_RULE]},
    "PATCH webhook-sources/<str:name>/": {"rules": [SOURCE_RULE]},
    "POST analysis-templates/": {"name": "second", "team": "payments", **ANALYSIS},
    "PATCH analysis-templates/<str:name>/": {"description": "x"},
    "POST charts/repositories/": {"name": "second", "url": "https://charts.example/"},
    "POST clusters/": {"name": "second", "api_url": "https://192.0.2.9:6443", "token": "abc"},
    "PATCH clusters/<str:name>/": {"title": "x"},
    "PUT clusters/<str:name>/credentials/": {"api_url": "https://192.0.2.10:6443", "token": "abc"},
    "POST environments/": {"name": "second"},
    "PATCH environments/<str:name>/": {"title": "x"},
    "POST grants/": {"team": "payments", "cluster": CLUSTER, "namespaces": ["a"]},
    "POST helm-releases/": HELM,
    "PATCH helm-releases/<uuid:pk>/": {"values": {"a": 1}},
    "POST helm-releases/<uuid:pk>/rollback/": {"revision": 1},
    "POST helm-releases/<uuid:pk>/recover/": {"revision": 1},
    "POST installs/": {"name": "second", "kubernetes_version": "1.37.2", "hosts": [HOST]},
    "POST notification-channels/": {"name": "second", "kind": "email", "to": ["a@example.org"], "team": "payments"},
    "PATCH notification-channels/<uuid:pk>/": {"name": "x"},
    "POST promotions/": {"service": SERVICE, "from": "spare", "to": STAGE},
    "POST releases/": RELEASE,
    "PATCH releases/<uuid:release_id>/": {"image": IMAGE},
    "POST releases/<uuid:release_id>/override/": {"reason": "x"},
    "POST releases/rollback/": TARGET,
    "POST roles/": {"name": "second", "permissions": ["release.pause"]},
    "PATCH roles/<str:name>/": {"title": "x"},
    "POST services/": {"name": "second", "team": "payments"},
    "PATCH services/<str:name>/": {"title": "x"},
    "POST services/<str:name>/orphans/": {"environment": STAGE, "action": "clean"},
    "POST services/<str:name>/targets/": NEW_TARGET,
    "PATCH services/<str:name>/targets/<str:environment>/": {"strategy": "rolling"},
    "POST services/import/": {"yaml": CATALOG},
    "POST teams/": {"name": "second"},
    "PATCH teams/<str:name>/": {"title": "x"},
    "POST teams/<str:name>/members/": {"user": "vic", "role": "viewer"},
    "POST tokens/": {"name": "second"},
    "POST users/": {"username": "second", "password": "eleven and one more"},
    "PATCH users/<str:username>/": {"email": "x@example.org"},
    "POST views/": {"of": "services", "name": "second", "team": "payments"},
}
# With what stands in the address beside the form.
PAGES: dict[str, dict[str, Any]] = {
    "POST settings/teams/<str:name>/robots/": {"name": "second", "roles": ["viewer"]},
    "POST settings/teams/<str:name>/robots/<str:robot>/edit/": {"roles": ["viewer"]},
    "POST settings/webhook-sources/": WEBHOOK,
    "POST settings/webhook-sources/<str:name>/": WEBHOOK,
    "POST promotions/start/": {"from": "before-stage", "to": STAGE, "service": SERVICE},
    "POST analysis-templates/new/": {"name": "second", "team": "payments", **ANALYSIS_FORM},
    "POST analysis-templates/<str:name>/edit/": ANALYSIS_FORM,
    "POST analysis-templates/<str:name>/remove/": {"confirm": TEMPLATE},
    "POST charts/helm-releases/<uuid:pk>/rollback/": {"to": "1"},
    "POST charts/helm-releases/<uuid:pk>/uninstall/": {"confirm": "zebra-web"},
    "POST charts/install/": {**HELM, "values": "{}", "step": "run", "timeout_seconds": "300"},
    "POST charts/repositories/": {"name": "second", "url": "https://charts.example/"},
    "POST clusters/grants/": {"team": "payments", "cluster": CLUSTER, "namespaces": "a"},
    "POST clusters/<str:name>/remove/": {"confirm": CLUSTER},
    "POST environments/new/": {"name": "second", "order": "9", "colour": "dev"},
    "POST environments/<str:name>/edit/": {"name": STAGE, "order": "9", "colour": "dev"},
    "POST environments/<str:name>/freeze-windows/": {"window-TOTAL_FORMS": "0", "window-INITIAL_FORMS": "0"},
    "POST environments/<str:name>/remove/": {"confirm": STAGE},
    "POST environments/<str:name>/strategy/": {"do": "save-yaml", "yaml": "type: rolling"},
    "POST releases/<uuid:release_id>/edit/": {f"image-{SERVICE}": IMAGE, "strategy": "type: rolling"},
    "POST releases/<uuid:release_id>/override/": {"reason": "x"},
    "POST services/import/": {"source": "yaml", "yaml": CATALOG, "step": "import"},
    "POST services/new/": {"name": "second", "team": "payments", "lifecycle": "production"},
    "POST services/<str:name>/edit/": {"team": "payments", "lifecycle": "production"},
    "POST services/<str:name>/remove/": {"confirm": SERVICE},
    "POST services/<str:name>/targets/new/": NEW_TARGET,
    "POST services/<str:name>/targets/<str:environment>/edit/": {"container": SERVICE},
    "POST services/<str:name>/targets/<str:environment>/remove/": {"confirm": STAGE},
    "POST services/<str:service>/deploy/": {
        "environment": STAGE,
        "container": SERVICE,
        "image": IMAGE,
        "step": "review",
    },
    "POST services/<str:service>/rollback/": {"environment": STAGE, "to": "1"},
    "POST services/<str:service>/targets/<str:environment>/strategy/": {"do": "save-yaml", "yaml": "type: rolling"},
    "POST settings/channels/": {"team": "payments", **CHANNEL},
    "POST settings/channels/<uuid:channel_id>/": CHANNEL,
    "POST settings/roles/new/": {"name": "second"},
    "POST settings/teams/": {"name": "second"},
    "POST settings/teams/<str:name>/": {"user": "vic", "role": "viewer"},
    "POST settings/teams/<str:name>/members/<str:user>/remove/": {"role": "developer"},
    "POST settings/tokens/": {"name": "second", "expires": "30d"},
    "POST settings/users/": {"username": "second", "password": "eleven and one more"},
    "POST views/save/": {"of": "services", "name": "second", "team": "payments"},
}
QUERIES = {
    "charts/install/": f"?chart=uploads/{CHART}&version=1.0.0",
    "charts/show/": f"?chart=uploads/{CHART}&version=1.0.0",
    "charts/helm-releases/<uuid:pk>/upgrade/": f"?chart=uploads/{CHART}&version=1.0.0",
    "api/v1/services/<str:name>/revisions/": f"?environment={STAGE}",
    "api/v1/clusters/<str:name>/query/": "?query=up",
}


def query_for(place: Place) -> str:
    """What stands behind the path."""
    return QUERIES.get(place.route, "")


def wish_for(place: Place, method: str) -> Any:
    """The body; a form or JSON, as the address takes it."""
    if place.name == "chart_uploads" and method == "POST":
        return {"file": SimpleUploadedFile("web.tgz", web_chart("second", "1.0.0", {})), "team": "payments"}
    if place.is_api:
        return API.get(f"{method} {place.route.removeprefix('api/v1/')}")
    if method == "POST" and place.route == "charts/upload/":
        return {"chart": SimpleUploadedFile("web.tgz", web_chart("second", "1.0.0", {})), "team": "payments"}
    return PAGES.get(f"{method} {place.route}")
