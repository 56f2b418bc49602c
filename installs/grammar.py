"""What a host, a user, a version, a network or an address of an install may look like; everything else is refused.

These values end up in shell scripts, systemd units and YAML on machines as root (T32). The grammar keeps out
what could be read as an option, a second command or a second line; scripts still quote every value.
Each function answers the value in the one spelling that is stored, or raises Malformed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import yaml
from django.utils.translation import gettext as _

from web.names import DNS_LABEL

# The manifests of networks that Slipway knows by name; `own` comes with its text, `none` leaves it to the person.
OWN_CNI = "own"
NO_CNI = "none"
RUNTIMES = ("containerd",)
ROLES = ("control_plane", "worker", "jump")

MAX_MANIFEST_BYTES = 1024 * 1024
MAX_CERT_SANS = 50
MAX_DOMAIN = 253

_LABEL = re.compile(rf"\A{DNS_LABEL}\Z")
_USER = re.compile(r"\A[a-z_][a-z0-9_-]{0,31}\Z")
_VERSION = re.compile(r"\Av?(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})(-(?:alpha|beta|rc)\.\d{1,3})?\Z")
_IMAGE_PATH = re.compile(r"\A[a-z0-9]+(?:[._-]+[a-z0-9]+)*\Z")
_URL = re.compile(r"\A[A-Za-z0-9:/._~%+@=-]{1,500}\Z")
_BUNDLE = re.compile(r"\A[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")


class Malformed(ValueError):
    """A value that the grammar does not know. `code` is stable, the message says what is expected."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def name(value: object) -> str:
    """A DNS label: the name of an install or of a host, and so of a node."""
    text = _text(value)
    if not _LABEL.match(text):
        raise Malformed(
            "dns_label",
            _("Use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."),
        )
    return text


def domain(value: object) -> str:
    """A lower-case DNS name such as `cluster.local`, without the dot at the end."""
    text = _text(value).lower()
    if len(text) > MAX_DOMAIN or not text or not all(_LABEL.match(label) for label in text.split(".")):
        raise Malformed("dns_name", _("Use a DNS name such as cluster.local."))
    return text


def ip(value: object) -> str:
    """An IPv4 or IPv6 address that a machine can have, in its short spelling, without a zone."""
    try:
        parsed = ipaddress.ip_address(_text(value))
    except ValueError:
        raise Malformed("ip", _("Use an IPv4 or IPv6 address.")) from None
    if "%" in str(parsed) or parsed.is_unspecified or parsed.is_multicast:
        raise Malformed("ip", _("Use the address of one machine, without a zone."))
    return str(parsed)


def address(value: object) -> str:
    """Where a host answers: an IP address or a DNS name. What looks like a number is no name."""
    text = _text(value)
    # A name that ends in a number is an address to the resolver: 0x7f.1 is 127.0.0.1.
    if ":" in text or re.fullmatch(r"(?:.*\.)?(?:[0-9]*|0[xX][0-9A-Fa-f]*)\.?", text):
        return ip(text)
    try:
        return domain(text)
    except Malformed:
        raise Malformed("address", _("Use an IP address or a DNS name.")) from None


def port(value: object) -> int:
    """A TCP port as a number."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else -1
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value):
        number = int(value)
    if not 1 <= number <= 65535:
        raise Malformed("port", _("Use a port from 1 to 65535."))
    return number


def user(value: object) -> str:
    """A Linux account as useradd accepts it."""
    text = _text(value)
    if not _USER.match(text):
        raise Malformed(
            "user", _("Use a Linux account: lower-case letters, digits, - and _, beginning with a letter or _.")
        )
    return text


def role(value: object) -> str:
    """What a host is for."""
    if value not in ROLES:
        raise Malformed("role", _("Choose one of: %(roles)s.") % {"roles": ", ".join(ROLES)})
    return str(value)


def version(value: object) -> str:
    """A Kubernetes version, spelled `v1.37.2`."""
    match = _VERSION.match(_text(value))
    if match is None:
        raise Malformed("version", _("Use a full version such as v1.37.2."))
    return f"v{match[1]}.{match[2]}.{match[3]}{match[4] or ''}"


def numbers(value: str) -> tuple[int, int, int]:
    """Major, minor and patch of a version, to compare."""
    major, minor, patch = version(value).removeprefix("v").split("-")[0].split(".")
    return int(major), int(minor), int(patch)


def minor(value: str) -> tuple[int, int]:
    """Major and minor of a version."""
    return numbers(value)[:2]


def cidr(value: object) -> str:
    """A network, or two of different families with a comma between: `10.244.0.0/16`, without host bits."""
    parts = _text(value).split(",")
    networks = []
    for part in parts:
        try:
            if "/" not in part:
                raise ValueError
            networks.append(ipaddress.ip_network(part.strip()))
        except ValueError:
            raise Malformed("cidr", _("Use a network such as 10.244.0.0/16, without host bits.")) from None
    if len(networks) > 2 or len({network.version for network in networks}) != len(networks):
        raise Malformed("cidr", _("Give one network, or one of IPv4 and one of IPv6."))
    return ",".join(str(network) for network in networks)


def endpoint(value: object) -> str:
    """`HOST:PORT` of the API, 6443 where no port is given; IPv6 in square brackets."""
    text = _text(value)
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:\[\]]{1,253}))(?::([0-9]{1,5}))?", text)
    if match is None:
        raise Malformed("endpoint", _("Use HOST:PORT, for example api.example.com:6443."))
    host = f"[{ip(match[1])}]" if match[1] else address(match[2])
    return f"{host}:{port(match[3] or '6443')}"


def endpoint_host(value: str) -> str:
    """The host of an endpoint without its port and brackets."""
    return endpoint(value).rpartition(":")[0].strip("[]")


def certificate_name(value: object) -> str:
    """A name or address that the API's certificate carries beside its own; `*.example.com` is one too."""
    text = _text(value)
    if text.startswith("*."):
        return f"*.{domain(text[2:])}"
    return address(text)


def image_repository(value: object) -> str:
    """`HOST[:PORT]/PATH` that images are pulled from, without scheme and tag."""
    text = _text(value)
    host, *path = text.split("/")
    try:
        hostname, colon, number = host.partition(":")
        address(hostname)
        if colon:
            port(number)
    except Malformed:
        host = ""
    if not host or len(text) > MAX_DOMAIN or not all(_IMAGE_PATH.match(part) for part in path):
        raise Malformed("image_repository", _("Use HOST[:PORT]/PATH without scheme and tag."))
    return text


def package_repository(value: object) -> str:
    """The URL of an apt or dnf repository over https, without account, query and fragment."""
    text = _text(value)
    try:
        parts = urlsplit(text)
        has_account = parts.username is not None or parts.password is not None
        address(parts.hostname or "")
        port(parts.port or 443)
    except ValueError:
        parts, has_account = urlsplit(""), True
    if not _URL.match(text) or parts.scheme != "https" or has_account or ".." in parts.path.split("/"):
        raise Malformed(
            "package_repository",
            _("Use an https:// URL of a repository, for example https://pkgs.k8s.io/core:/stable:/v1.37/deb/."),
        )
    return text if text.endswith("/") else f"{text}/"


def bundle_name(value: object) -> str:
    """The name of a folder among the offline bundles."""
    text = _text(value)
    if not _BUNDLE.match(text):
        raise Malformed("bundle", _("Use the name of an offline bundle: lower-case letters, digits, '.', '_' and '-'."))
    return text


def cni(value: object) -> str:
    """The name of a network's manifest: `kube-router`, `own`, `none` ..."""
    return name(value)


def cni_manifest(value: object) -> str:
    """YAML documents of Kubernetes objects, not more than 1 MiB."""
    text = _text(value, lines=True)
    if len(text.encode()) > MAX_MANIFEST_BYTES:
        raise Malformed("cni_manifest", _("The manifest is larger than 1 MiB."))
    try:
        # Aliases can make a small text endless; manifests of networks have none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise Malformed("cni_manifest", _("The manifest uses YAML aliases; write them out."))
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed("cni_manifest", _("The manifest is not YAML.")) from None
    if not documents or not all(
        isinstance(one, dict) and one.get("kind") and one.get("apiVersion") for one in documents
    ):
        raise Malformed("cni_manifest", _("Each document needs apiVersion and kind of a Kubernetes object."))
    return text


def runtime(value: object) -> str:
    """The container runtime."""
    if value not in RUNTIMES:
        raise Malformed("container_runtime", _("Choose one of: %(runtimes)s.") % {"runtimes": ", ".join(RUNTIMES)})
    return str(value)


def certificate_names(value: object) -> tuple[str, ...]:
    """The list of further names of the API's certificate, each once."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > MAX_CERT_SANS:
        raise Malformed("cert_sans", _("Give a list of at most 50 names and addresses."))
    return tuple(dict.fromkeys(certificate_name(one) for one in value))


def optional(rule: Callable[[object], str]) -> Callable[[object], str]:
    """The rule, or nothing at all."""
    return lambda value: "" if value in ("", None) else rule(value)


# The fields of shapes.Config and shapes.Host. A config that is complete needs a bundle or a package repository.
CONFIG: dict[str, Callable[[object], Any]] = {
    "name": name,
    "kubernetes_version": version,
    "pod_cidr": cidr,
    "service_cidr": cidr,
    "dns_domain": domain,
    "control_plane_endpoint": optional(endpoint),
    "cni": cni,
    "cni_manifest": optional(cni_manifest),
    "image_repository": optional(image_repository),
    "container_runtime": runtime,
    "bundle": optional(bundle_name),
    "package_repository": optional(package_repository),
    "cert_sans": certificate_names,
}
HOST: dict[str, Callable[[object], Any]] = {
    "name": name,
    "address": address,
    "role": role,
    "port": port,
    "user": user,
}


def read(
    rules: Mapping[str, Callable[[object], Any]], values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Malformed]]:
    """The given fields in their stored spelling, and what is wrong by field. Unknown fields are wrong."""
    accepted: dict[str, Any] = {}
    wrong: dict[str, Malformed] = {}
    for field, value in values.items():
        if field not in rules:
            wrong[field] = Malformed("unknown_field", _("There is no such field."))
            continue
        try:
            accepted[field] = rules[field](value)
        except Malformed as malformed:
            wrong[field] = malformed
    return accepted, wrong


def _text(value: object, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise Malformed("text", _("Give this as text."))
    if any(not character.isprintable() and not (lines and character in "\n\r\t") for character in value):
        raise Malformed("text", _("Control characters are not accepted."))
    return value
