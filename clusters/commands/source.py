"""What a person gives to connect a cluster: a kubeconfig with a context, or URL, token and CA."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from clusters.connection.endpoint import Destination
from clusters.connection.kubeconfig import decode_pem, read_kubeconfig
from clusters.errors import ClusterRefused


@dataclass(frozen=True)
class Source:
    """Exactly one of `kubeconfig` and `api_url` is set. The flags are an admin's explicit approval."""

    kubeconfig: str = field(default="", repr=False)
    context: str = ""
    api_url: str = ""
    token: str = field(default="", repr=False)
    ca_data: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    allow_private_address: bool = False

    @property
    def pointer(self) -> str:
        """The input that a refusal of the connection is about."""
        return "/kubeconfig" if self.kubeconfig else "/api_url"

    def read(self, name: str) -> tuple[Destination, str, str]:
        """The destination, its context ("" without a kubeconfig), and a sentence on what was read.

        Raises ClusterRefused with step parse.
        """
        if bool(self.kubeconfig.strip()) == bool(self.api_url.strip()):
            detail = _("give either a kubeconfig, or URL and token")
            raise ClusterRefused("parse", detail, cluster=name, pointer="/kubeconfig")
        return self._from_kubeconfig(name) if self.kubeconfig.strip() else self._from_url(name)

    def _from_url(self, name: str) -> tuple[Destination, str, str]:
        if not self.token.strip():
            raise ClusterRefused("parse", _("a URL needs a token with it"), cluster=name, pointer="/token")
        ca_data = decode_pem(self.ca_data, pointer="/ca_data", what="ca_data") if self.ca_data.strip() else ""
        destination = Destination(
            name=name,
            api_url=self.api_url.strip(),
            ca_data=ca_data,
            tls_server_name=self.tls_server_name.strip(),
            insecure_skip_tls_verify=self.insecure_skip_tls_verify,
            allow_private_address=self.allow_private_address,
            token=_clean_token(self.token, name, "/token"),
        )
        return destination, "", _("URL and token")

    def _from_kubeconfig(self, name: str) -> tuple[Destination, str, str]:
        found = read_kubeconfig(self.kubeconfig, self.context)
        if found.insecure_skip_tls_verify and not self.insecure_skip_tls_verify:
            raise self._needs_approval(name, "insecure-skip-tls-verify", "insecure_skip_tls_verify: true")
        if found.tls_server_name and found.tls_server_name != self.tls_server_name.strip():
            raise self._needs_approval(name, "tls-server-name", f"tls_server_name: {found.tls_server_name}")
        destination = Destination(
            name=name,
            api_url=found.api_url,
            ca_data=found.ca_data,
            tls_server_name=self.tls_server_name.strip(),
            insecure_skip_tls_verify=self.insecure_skip_tls_verify,
            allow_private_address=self.allow_private_address,
            token=_clean_token(found.token, name, "/kubeconfig") if found.token else "",
            certificate=found.certificate,
            key=found.key,
        )
        by = _("a client certificate") if found.certificate else _("a token")
        return destination, found.context, _("context “%(context)s” with %(by)s") % {"context": found.context, "by": by}

    def _needs_approval(self, name: str, field_name: str, approval: str) -> ClusterRefused:
        return ClusterRefused(
            "parse",
            _("the kubeconfig sets %(field)s, which weakens the check of the server") % {"field": field_name},
            cluster=name,
            pointer="/kubeconfig",
            next=_("Remove it, or approve it by giving “%(approval)s” as well.") % {"approval": approval},
        )


def _clean_token(token: str, name: str, pointer: str) -> str:
    """The token without blanks around it. It goes into a header, so nothing but visible ASCII may be in it."""
    cleaned = token.strip()
    if not cleaned.isascii() or not all("!" <= character <= "~" for character in cleaned):
        detail = _("the token holds blanks or characters that no token has")
        raise ClusterRefused("parse", detail, cluster=name, pointer=pointer)
    return cleaned
