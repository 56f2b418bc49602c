"""All it takes to talk to one API server: checked addresses, TLS material, and the header that proves who we are."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from clusters.connection.address import ApiAddress, parse_api_url, resolve
from clusters.connection.certificate import Validity, of_client, of_token
from clusters.connection.tls import BadCertificate, ssl_context
from clusters.errors import ClusterUnreachable
from clusters.models import Cluster, ClusterCredential


@dataclass(frozen=True)
class Destination:
    """What is known of a cluster before anything is looked up; of a saved cluster or one about to be registered."""

    name: str
    api_url: str
    ca_data: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    allow_private_address: bool = False
    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        return ClusterCredential.Kind.CLIENT_CERTIFICATE if self.certificate else ClusterCredential.Kind.TOKEN

    @property
    def secret(self) -> dict[str, str]:
        """The part that is kept encrypted."""
        if self.certificate:
            return {"certificate": self.certificate, "key": self.key}
        return {"token": self.token}


@dataclass(frozen=True)
class Endpoint:
    """A destination after the checks. Connect only to `addresses`; send `headers` nowhere else.

    `server_hostname` is what the server's certificate must be made out to.
    """

    name: str
    address: ApiAddress
    addresses: tuple[str, ...]
    server_hostname: str
    ssl_context: ssl.SSLContext = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    # How long the proof is good that we show: a client certificate's or a token's end, where it has one.
    proof: Validity | None = None

    @property
    def url(self) -> str:
        """https://host:port[/base], to put a path behind."""
        return self.address.url

    def scrub(self, text: str) -> str:
        """The text without our token: an answer is shown to people, and a proxy may echo what it was sent."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return text.replace(token, "…") if token else text


def destination_of(cluster: Cluster, credential: ClusterCredential) -> Destination:
    """The destination of a saved cluster. Raises SealBroken when its credential cannot be decrypted."""
    secret: dict[str, str] = credential.secret
    return Destination(
        name=cluster.name,
        api_url=cluster.api_url,
        ca_data=cluster.ca_data,
        tls_server_name=cluster.tls_server_name,
        insecure_skip_tls_verify=cluster.insecure_skip_tls_verify,
        allow_private_address=cluster.allow_private_address,
        token=secret.get("token", ""),
        certificate=secret.get("certificate", ""),
        key=secret.get("key", ""),
    )


def open_endpoint(destination: Destination, *, timeout_seconds: float = 3.0) -> Endpoint:
    """Check and resolve the address and build the TLS context. Blocks for name resolution, opens no connection.

    Raises ClusterUnreachable with step policy, dns or tls.
    """
    address = parse_api_url(destination.api_url, cluster=destination.name)
    addresses = resolve(
        address.host,
        address.port,
        cluster=destination.name,
        allow_private=destination.allow_private_address,
        timeout_seconds=timeout_seconds,
    )
    try:
        context = ssl_context(
            ca_data=destination.ca_data,
            certificate=destination.certificate,
            key=destination.key,
            insecure=destination.insecure_skip_tls_verify,
        )
    except BadCertificate as error:
        raise ClusterUnreachable(
            destination.name, error.detail, step="tls", next=_("Give the certificates as PEM or base64 of PEM.")
        ) from error
    headers = {"Authorization": f"Bearer {destination.token}"} if destination.token else {}
    return Endpoint(
        name=destination.name,
        address=address,
        addresses=addresses,
        server_hostname=destination.tls_server_name or address.host,
        ssl_context=context,
        headers=headers,
        proof=of_client(destination.certificate) or of_token(destination.token),
    )
