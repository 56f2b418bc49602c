"""Reads a kubeconfig that somebody pasted, taking only what is harmless: a URL, a CA, a token or a client certificate.

The client library's loader would start programs (exec, auth-provider) and read files that the text names, on our
machine and with our rights, so it is never used.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from clusters.connection.strict_yaml import UnsafeYaml, read_yaml
from clusters.errors import ClusterRefused

MAX_BYTES = 256 * 1024
_HARMLESS = frozenset({"extensions", "disable-compression", "namespace"})


@dataclass(frozen=True)
class Context:
    """One way to use the kubeconfig. `problem` says why it cannot be used here, "" when it can."""

    name: str
    cluster: str
    user: str
    server: str
    is_current: bool
    problem: str = ""


@dataclass(frozen=True)
class Credentials:
    """What one context of a kubeconfig gives. Certificates are PEM."""

    context: str
    api_url: str
    ca_data: str
    tls_server_name: str
    insecure_skip_tls_verify: bool
    token: str = field(repr=False)
    certificate: str = field(repr=False)
    key: str = field(repr=False)


def contexts_of(text: str) -> list[Context]:
    """The contexts to choose from, in the file's order. Raises ClusterRefused (step parse) if it is no kubeconfig."""
    document = _read(text)
    found = []
    for name, context in document.contexts.items():
        cluster_name, user_name = _text(context, "cluster", name), _text(context, "user", name)
        server, problem = "", ""
        try:
            server = _credentials(document, name).api_url
        except ClusterRefused as refusal:
            problem = refusal.detail
        found.append(Context(name, cluster_name, user_name, server, name == document.current, problem))
    return found


def read_kubeconfig(text: str, context: str = "") -> Credentials:
    """What the context gives; without a name the current one, or the only one there is.

    Raises ClusterRefused (step parse), naming the field that is in the way and what to do instead.
    """
    document = _read(text)
    contexts = document.contexts
    chosen = context or document.current
    if not chosen and len(contexts) == 1:
        chosen = next(iter(contexts))
    if chosen not in contexts:
        listed = ", ".join(contexts) or _("none")
        detail = (
            _("there is no context “%(name)s”; the kubeconfig has: %(listed)s") % {"name": chosen, "listed": listed}
            if chosen
            else _("no context is chosen; the kubeconfig has: %(listed)s") % {"listed": listed}
        )
        raise ClusterRefused("parse", detail, pointer="/context", next=_("Choose one of them."))
    return _credentials(document, chosen)


def _credentials(document: _Document, context_name: str) -> Credentials:
    context = document.contexts[context_name]
    cluster_name, user_name = _text(context, "cluster", context_name), _text(context, "user", context_name)
    clusters, users = document.clusters, document.users
    if cluster_name not in clusters:
        raise _bad(
            _("context “%(context)s” names cluster “%(name)s”, which is not in the file"), context_name, cluster_name
        )
    if user_name not in users:
        raise _bad(_("context “%(context)s” names user “%(name)s”, which is not in the file"), context_name, user_name)
    where_cluster, where_user = f"clusters[{cluster_name}].cluster", f"users[{user_name}].user"
    cluster, user = clusters[cluster_name], users[user_name]
    _refuse_fields(cluster, where_cluster, _CLUSTER_FIELDS)
    _refuse_fields(user, where_user, _USER_FIELDS)
    if not _text(cluster, "server", where_cluster, ""):
        raise ClusterRefused("parse", _("%(where)s has no server") % {"where": where_cluster}, pointer="/kubeconfig")
    certificate = _pem(user, "client-certificate-data", where_user)
    key = _pem(user, "client-key-data", where_user)
    token = _text(user, "token", where_user, "")
    if bool(certificate) != bool(key):
        missing = "client-key-data" if certificate else "client-certificate-data"
        raise ClusterRefused(
            "parse", _("%(where)s lacks %(field)s") % {"where": where_user, "field": missing}, pointer="/kubeconfig"
        )
    if not certificate and not token:
        raise ClusterRefused(
            "parse",
            _("%(where)s holds neither a token nor a client certificate") % {"where": where_user},
            pointer="/kubeconfig",
            next=_use_service_account(),
        )
    return Credentials(
        context=context_name,
        api_url=_text(cluster, "server", where_cluster),
        ca_data=_pem(cluster, "certificate-authority-data", where_cluster),
        tls_server_name=_text(cluster, "tls-server-name", where_cluster, ""),
        insecure_skip_tls_verify=_text(cluster, "insecure-skip-tls-verify", where_cluster, "false").lower() == "true",
        token="" if certificate else token.strip(),
        certificate=certificate,
        key=key,
    )


_CLUSTER_FIELDS = frozenset(
    {"server", "certificate-authority-data", "tls-server-name", "insecure-skip-tls-verify"} | _HARMLESS
)
_USER_FIELDS = frozenset({"token", "client-certificate-data", "client-key-data"} | _HARMLESS)


def _refuse_fields(entry: dict[str, Any], where: str, allowed: frozenset[str]) -> None:
    for name in entry:
        if name not in allowed:
            why, instead = _why_not(name)
            raise ClusterRefused(
                "parse",
                _("%(where)s.%(field)s is refused: %(why)s") % {"where": where, "field": name, "why": why},
                pointer="/kubeconfig",
                next=instead,
            )


def _why_not(name: str) -> tuple[str, str]:
    if name in {"exec", "auth-provider"}:
        return _("it would start a program on the machine of Slipway"), _use_service_account()
    if name in {"tokenFile", "client-certificate", "client-key", "certificate-authority"}:
        return _("it names a file, which Slipway does not read"), _(
            "Put the content into the kubeconfig itself: `kubectl config view --raw --flatten --minify`."
        )
    if name == "proxy-url":
        return _("credentials are not sent through a proxy"), _("Give an address that Slipway reaches directly.")
    if name in {"username", "password"}:
        return _("Kubernetes no longer takes user names and passwords"), _use_service_account()
    if name.startswith("as"):
        return _("Slipway does not act under another user's name"), _("Give the credentials of the user itself.")
    return _("this field is not known"), _("Remove it, or give URL, token and CA instead of a kubeconfig.")


def _use_service_account() -> str:
    return _(
        "Apply the access manifest of Slipway and give a token of its ServiceAccount "
        "(`kubectl create token slipway -n slipway --duration 8760h`)."
    )


@dataclass(frozen=True)
class _Document:
    current: str
    contexts: dict[str, dict[str, Any]]
    clusters: dict[str, dict[str, Any]]
    users: dict[str, dict[str, Any]]


def _read(text: str) -> _Document:
    try:
        document = read_yaml(text, max_bytes=MAX_BYTES)
    except UnsafeYaml as error:
        raise _unreadable(error.detail) from error
    if "clusters" not in document:
        raise _unreadable(_("it is not a kubeconfig: there is no list “clusters”"))
    return _Document(
        current=_text(document, "current-context", "", ""),
        contexts=_named(document, "contexts", "context"),
        clusters=_named(document, "clusters", "cluster"),
        users=_named(document, "users", "user"),
    )


def _named(document: dict[str, Any], plural: str, singular: str) -> dict[str, dict[str, Any]]:
    entries = document.get(plural) or []
    found: dict[str, dict[str, Any]] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise _unreadable(_("an entry of “%(list)s” has no name") % {"list": plural})
        content = entry.get(singular) or {}
        if not isinstance(content, dict):
            raise _unreadable(_("“%(name)s” in “%(list)s” is not a mapping") % {"name": entry["name"], "list": plural})
        if entry["name"] in found:
            raise _unreadable(_("“%(name)s” is twice in “%(list)s”") % {"name": entry["name"], "list": plural})
        found[entry["name"]] = content
    return found


def _text(entry: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = entry.get(name, default)
    if not isinstance(value, str):
        raise _unreadable(_("%(where)s: %(field)s is missing or not a text") % {"where": where, "field": name})
    return value


def _pem(entry: dict[str, Any], name: str, where: str) -> str:
    text = _text(entry, name, where, "")
    return decode_pem(text, pointer="/kubeconfig", what=f"{where}.{name}") if text else ""


def decode_pem(text: str, *, pointer: str, what: str) -> str:
    """PEM from PEM or from base64 of PEM. Raises ClusterRefused (step parse) naming `what`, never its content."""
    if "-----BEGIN" not in text:
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise ClusterRefused(
                "parse", _("%(what)s is neither PEM nor base64") % {"what": what}, pointer=pointer
            ) from error
    if "-----BEGIN" not in text:
        raise ClusterRefused("parse", _("%(what)s holds no PEM block") % {"what": what}, pointer=pointer)
    return text


def _bad(template: str, context: str, name: str) -> ClusterRefused:
    return ClusterRefused("parse", template % {"context": context, "name": name}, pointer="/kubeconfig")


def _unreadable(why: str) -> ClusterRefused:
    return ClusterRefused(
        "parse",
        _("the kubeconfig cannot be read: %(why)s") % {"why": why},
        pointer="/kubeconfig",
        next=_("Paste what `kubectl config view --raw --flatten --minify` prints."),
    )
