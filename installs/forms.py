"""What a person types about a cluster to be made. Values are judged by the commands; the form only carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from installs.bundle import Bundle
from installs.grammar import NO_CNI, OWN_CNI
from web.forms import offer
from web.typed_text import as_lines, from_lines

DEFAULT_CNI = "kube-router"
OWN_WORDS = {OWN_CNI: _("your own manifest"), NO_CNI: _("none: you bring it later")}


class NetworkForm(forms.Form):
    """The fields of shapes.Config but its name."""

    kubernetes_version = forms.CharField(
        label=_("Kubernetes version"), max_length=32, help_text=_("A full version such as v1.37.2.")
    )
    bundle = forms.ChoiceField(
        label=_("Offline bundle"),
        required=False,
        help_text=_("Binaries and images that were put on the portal, each held against its SHA-256."),
    )
    package_repository = forms.CharField(
        label=_("Package repository"),
        required=False,
        max_length=500,
        help_text=_("Where hosts get kubeadm and kubelet from when there is no bundle: an https address."),
    )
    image_repository = forms.CharField(
        label=_("Image repository"),
        required=False,
        max_length=253,
        help_text=_("HOST/PATH instead of registry.k8s.io. Empty: that."),
    )
    pod_cidr = forms.CharField(
        label=_("Network of Pods"), max_length=100, help_text=_("Each node gets a /24 of it for its Pods.")
    )
    service_cidr = forms.CharField(
        label=_("Network of Kubernetes Services"),
        max_length=100,
        help_text=_("Apart from the Pods and from all hosts."),
    )
    dns_domain = forms.CharField(label=_("DNS domain"), max_length=253)
    control_plane_endpoint = forms.CharField(
        label=_("Endpoint of the API"),
        required=False,
        max_length=263,
        help_text=_("HOST:PORT of the load balancer; needed with several control planes. Empty: the first one's own."),
    )
    cert_sans = forms.CharField(
        label=_("More names of the API"),
        required=False,
        widget=forms.Textarea(attrs={"rows": "2"}),
        help_text=_("One name or address a line, for its certificate."),
    )
    cni = forms.ChoiceField(label=_("Pod network"))
    cni_manifest = forms.CharField(
        label=_("Own manifest"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "6"}),
        help_text=_("YAML that is applied once the first control plane answers. Only for your own Pod network."),
    )
    container_runtime = forms.ChoiceField(label=_("Container runtime"), choices=[("containerd", "containerd")])

    def __init__(self, *args: Any, bundles: Iterable[Bundle], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = list(bundles)
        offered = [bundle.name for bundle in there]
        chosen = str(self["bundle"].value() or "")
        # One that was chosen and is gone stays chosen, so that the refusal can say so.
        gone = [chosen] if chosen and chosen not in offered else []
        offer(self, "bundle", [("", _("none: from a package repository")), *((name, name) for name in gone + offered)])
        manifests = [member.name.rpartition(".")[0] for bundle in there for member in bundle.of_kind("manifest")]
        chosen = str(self["cni"].value() or "")
        named = list(dict.fromkeys(name for name in (DEFAULT_CNI, *manifests, chosen) if name not in {"", *OWN_WORDS}))
        offer(self, "cni", [*((name, name) for name in named), *OWN_WORDS.items()])

    @staticmethod
    def typed_from(config: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows for a stored config."""
        return {**config, "cert_sans": as_lines(config.get("cert_sans") or ())}

    def config(self) -> dict[str, Any]:
        """What the commands take."""
        return {**self.cleaned_data, "cert_sans": from_lines(self.cleaned_data["cert_sans"])}
