"""T06: a kubeconfig that names files on our machine is refused; only the embedded data is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusters.connection.kubeconfig import read_kubeconfig
from clusters.errors import ClusterRefused
from tests.factories.kubeconfigs import as_text, kubeconfig


@pytest.mark.parametrize("field", ["tokenFile", "client-key", "client-certificate"])
def test_t06_files_of_a_user_are_refused(field: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("content-of-the-file")
    with pytest.raises(ClusterRefused) as caught:
        read_kubeconfig(as_text(kubeconfig(user={"token": "abc", field: str(secret)})))
    assert f"users[u].user.{field}" in caught.value.detail
    assert "--flatten" in caught.value.next
    assert "content-of-the-file" not in str(caught.value)


def test_t06_a_ca_file_is_refused() -> None:
    with pytest.raises(ClusterRefused, match="certificate-authority is refused"):
        read_kubeconfig(as_text(kubeconfig(cluster={"certificate-authority": "/etc/passwd"})))
