"""Who else writes to a workload, and what each of them will do after a release: by managedFields and tool labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from deployments.engine.json import Json
from deployments.engine.workload import labels_of

HELM_RELEASE = "meta.helm.sh/release-name"
ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
FLUX = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
FIELDS = {"f:template": "spec.template", "f:replicas": "spec.replicas"}
OURS = "slipway"


def owners_of(deployment: Json, autoscaler: str = "") -> list[dict[str, str]]:
    """Each owner of the fields that a release touches: `{field, manager, what_it_will_do}`.

    `autoscaler` is the name of the HorizontalPodAutoscaler of the workload, "" when there is none.
    """
    found = [*_by_tools(deployment), *_by_managed_fields(deployment)]
    if autoscaler:
        found.append(
            {
                "field": "spec.replicas",
                "manager": f"HorizontalPodAutoscaler {autoscaler}",
                "what_it_will_do": _("It keeps choosing the number of replicas; the release follows it."),
            }
        )
    return found


def _by_tools(deployment: Json) -> Iterator[dict[str, str]]:
    annotations: dict[str, Any] = deployment["metadata"].get("annotations") or {}
    labels = labels_of(deployment)
    if HELM_RELEASE in annotations:
        text = _("The next helm upgrade of release %(name)s writes its own image again.")
        yield _owner("spec.template", "Helm", text % {"name": annotations[HELM_RELEASE]})
    if ARGO_TRACKING in annotations or "argocd.argoproj.io/instance" in labels:
        text = _(
            "Argo CD shows the workload as out of sync; with self-heal on, it puts the old image back within minutes."
        )
        yield _owner("spec.template", "Argo CD", text)
    for label in FLUX:
        if label in labels:
            text = _("Flux (%(name)s) puts its own image back at its next reconciliation.")
            yield _owner("spec.template", "Flux", text % {"name": labels[label]})


def _by_managed_fields(deployment: Json) -> Iterator[dict[str, str]]:
    seen: set[tuple[str, str]] = set()
    for entry in deployment["metadata"].get("managedFields") or []:
        manager = str(entry.get("manager") or "")
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        for key, field in FIELDS.items():
            if key in spec and manager != OURS and (field, manager) not in seen and not entry.get("subresource"):
                seen.add((field, manager))
                yield _owner(field, manager, _what_next(field, manager, str(entry.get("operation") or "")))


def _what_next(field: str, manager: str, operation: str) -> str:
    if field == "spec.replicas":
        return _("It has set the number of replicas; the release leaves that number alone.")
    if operation == "Apply":
        return _("Its next server-side apply meets a conflict, or with force writes its own template again.")
    if manager.startswith("kubectl"):
        return _("A person wrote it by hand; nothing happens until somebody does so again.")
    return _("Its next update writes its own template again.")


def _owner(field: str, manager: str, text: str) -> dict[str, str]:
    return {"field": field, "manager": manager, "what_it_will_do": text}
