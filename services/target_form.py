"""The form of a target, with the workload that may be made for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from services.models import Environment, Target
from web.forms import offer
from web.typed_text import from_pairs

# Where a finding about the workload to be made is shown: the pointer's last step that is a field after renaming.
FIELD_OF_STEP = {
    "create": "make",
    "readiness": "readiness_path",
    "probes": "readiness_path",
    "resources": "cpu_request",
}
_AMOUNTS = {
    "cpu_request": ("requests", "cpu"),
    "memory_request": ("requests", "memory"),
    "cpu_limit": ("limits", "cpu"),
    "memory_limit": ("limits", "memory"),
}


class TargetForm(forms.Form):
    """Where a service runs; `fields_given()` is what the commands take."""

    environment = forms.ChoiceField(label=gettext_lazy("Environment"))
    cluster = forms.ChoiceField(label=gettext_lazy("Cluster"))
    namespace = forms.CharField(
        label=gettext_lazy("Namespace"), strip=False, widget=forms.TextInput(attrs={"list": "namespaces"})
    )
    workload = forms.CharField(
        label=gettext_lazy("Workload"),
        strip=False,
        widget=forms.TextInput(attrs={"list": "workloads"}),
        help_text=gettext_lazy("The name of the Deployment."),
    )
    container = forms.CharField(
        label=gettext_lazy("Container"),
        required=False,
        strip=False,
        help_text=gettext_lazy("The one that carries the service. Empty: the Pod's main one."),
    )
    kubernetes_service = forms.CharField(
        label=gettext_lazy("Kubernetes Service"),
        required=False,
        strip=False,
        help_text=gettext_lazy("The one that leads traffic to it. Needed by canary and blue-green with a router."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    make = forms.BooleanField(
        label=gettext_lazy("Make the workload: a Deployment, and a Kubernetes Service when a port is given"),
        required=False,
    )
    image = forms.CharField(label=gettext_lazy("Image"), required=False, strip=False)
    replicas = forms.IntegerField(label=gettext_lazy("Replicas"), required=False, initial=2)
    port = forms.IntegerField(label=gettext_lazy("Port"), required=False)
    readiness_path = forms.CharField(
        label=gettext_lazy("Readiness path"),
        required=False,
        help_text=gettext_lazy("Asked over HTTP at the port, such as /healthz."),
    )
    cpu_request = forms.CharField(label=gettext_lazy("CPU request"), required=False)
    memory_request = forms.CharField(label=gettext_lazy("Memory request"), required=False)
    cpu_limit = forms.CharField(label=gettext_lazy("CPU limit"), required=False)
    memory_limit = forms.CharField(label=gettext_lazy("Memory limit"), required=False)
    env = forms.CharField(
        label=gettext_lazy("Environment variables"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: KEY=value. Secrets do not belong here."),
    )

    def __init__(
        self,
        *args: Any,
        environments: Iterable[Environment] = (),
        clusters: Iterable[str] = (),
        is_edit: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if is_edit:
            for name in list(self.fields):
                if name not in {"container", "kubernetes_service", "version"}:
                    del self.fields[name]
            return
        offer(self, "environment", [(row.name, row.title or row.name) for row in environments])
        offer(self, "cluster", [(name, name) for name in clusters])

    def fields_given(self) -> dict[str, Any]:
        """The fields under the names of the commands; `create` when the workload shall be made."""
        typed = self.cleaned_data
        names = ("environment", "cluster", "namespace", "workload", "container", "kubernetes_service")
        given: dict[str, Any] = {name: typed[name] for name in names if name in typed}
        if typed.get("make"):
            given["create"] = self._workload(typed)
        return given

    @staticmethod
    def initial_of(target: Target) -> dict[str, Any]:
        """What the form shows of a target that exists."""
        return {
            "container": target.container,
            "kubernetes_service": target.kubernetes_service,
            "version": target.version,
        }

    def _workload(self, typed: dict[str, Any]) -> dict[str, Any]:
        resources: dict[str, dict[str, str]] = {}
        for name, (group, kind) in _AMOUNTS.items():
            if typed[name]:
                resources.setdefault(group, {})[kind] = typed[name]
        wish: dict[str, Any] = {
            "image": typed["image"],
            "replicas": 1 if typed["replicas"] is None else typed["replicas"],
            "port": typed["port"],
            "resources": resources,
            "env": from_pairs(typed["env"]),
        }
        if typed["readiness_path"]:
            wish["probes"] = {"readiness": {"path": typed["readiness_path"]}}
        return wish
