"""T08: addresses that no API server has, or that would turn Slipway against its own network, are refused."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from clusters.connection.address import parse_api_url, refuse_forbidden, resolve
from clusters.errors import ClusterUnreachable

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
]
PRIVATE = ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_t08_metadata_and_link_local_are_never_allowed(address: str, allow_private: bool) -> None:
    with pytest.raises(ClusterUnreachable) as caught:
        refuse_forbidden(ipaddress.ip_address(address), host="h", cluster="c", allow_private=allow_private)
    assert (caught.value.step, caught.value.ambiguous) == ("policy", False)


@pytest.mark.parametrize("address", PRIVATE)
def test_t08_private_addresses_need_an_admins_mark(address: str) -> None:
    with pytest.raises(ClusterUnreachable, match="private or loopback"):
        refuse_forbidden(ipaddress.ip_address(address), host="h", cluster="c", allow_private=False)
    refuse_forbidden(ipaddress.ip_address(address), host="h", cluster="c", allow_private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_t08_public_addresses_are_allowed(address: str) -> None:
    refuse_forbidden(ipaddress.ip_address(address), host="h", cluster="c", allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://k8s.example:6443",
        "file:///etc/passwd",
        "ftp://k8s.example",
        "k8s.example:6443",
        "//k8s.example",
        "https://",
        "https://user:pw@k8s.example",
        "https://k8s.example@169.254.169.254/",
        "https://2130706433",
        "https://0x7f000001:6443",
        "https://0x7f.0.0.1",
        "https://127.1",
        "https://0177.0.0.1",
        "https://127.0.0.1.",
        "https://[::1%25lo]",
        "https://[fe80::1%eth0]:6443",
        "https://k8s.example:0",
        "https://k8s.example:99999",
        "https://k8s.example/a?b=c",
        "https://k8s.example/#x",
        "https://k8s.example/../../x",
        "https://k8s.example\\@evil.example",
        "https://k8s.example\r\nHost: evil",
        "https://k8s .example",
        "https://k8s。example",
        "https://ⓚ8s.example",
        "https://-k8s.example",
        "https://k8s..example",
        "https://" + "a" * 300 + ".example",
        "javascript:alert(1)",
        "",
    ],
)
def test_t08_urls_that_are_not_plain_https_are_refused(url: str) -> None:
    with pytest.raises(ClusterUnreachable) as caught:
        parse_api_url(url, cluster="c")
    assert caught.value.step == "policy"


@pytest.mark.parametrize(
    ("url", "host", "port", "base_path"),
    [
        ("https://k8s.example", "k8s.example", 443, ""),
        ("https://K8S.example:6443/", "k8s.example", 6443, ""),
        ("https://rancher.example/k8s/clusters/c-m-1", "rancher.example", 443, "/k8s/clusters/c-m-1"),
        ("https://192.0.2.10:6443", "192.0.2.10", 6443, ""),
        ("https://[2001:db8::1]:6443", "2001:db8::1", 6443, ""),
    ],
)
def test_t08_plain_urls_are_understood(url: str, host: str, port: int, base_path: str) -> None:
    address = parse_api_url(url, cluster="c")
    assert (address.host, address.port, address.base_path) == (host, port, base_path)


@pytest.mark.parametrize("host", ["localhost", "api.internal.test"])
def test_t08_a_name_that_leads_inside_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 6443)) for ip in ("8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(ClusterUnreachable, match=r"127\.0\.0\.1") as caught:
        resolve(host, 6443, cluster="c", allow_private=False)
    assert caught.value.step == "policy"


def test_t08_a_name_that_does_not_resolve_is_a_step_of_its_own() -> None:
    with pytest.raises(ClusterUnreachable) as caught:
        resolve("nowhere.invalid", 443, cluster="c", allow_private=False)
    assert caught.value.step == "dns"
