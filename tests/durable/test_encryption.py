"""Credentials at rest: unreadable without the key, useless in another row, and brought under a new key."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from clusters.connection import connect
from clusters.errors import ClusterUnreachable
from clusters.models import ClusterCredential
from durable.encryption import SealBroken
from tests.factories.registered import saved_cluster

pytestmark = pytest.mark.django_db


def column_of(credential: ClusterCredential) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM clusters_clustercredential WHERE id = %s", [_key(credential)])
        return str(cursor.fetchone()[0])


def _key(credential: ClusterCredential) -> str:
    return credential.pk.hex if connection.vendor == "sqlite" else str(credential.pk)


def stored(bearer: str = "planted") -> ClusterCredential:
    cluster = saved_cluster(bearer=bearer)
    return ClusterCredential.objects.get(cluster=cluster)


def test_the_database_holds_no_plaintext_and_the_instance_shows_none() -> None:
    credential = stored()
    assert "planted" not in column_of(credential)
    assert credential.secret == {"token": "planted"}
    assert "planted" not in str(credential.__dict__)


def test_a_ciphertext_moved_to_another_row_is_refused() -> None:
    one, two = stored("one"), stored("two")
    two.__dict__["secret"] = one.__dict__["secret"]
    two.save()
    with pytest.raises(SealBroken, match="another row"):
        _ = ClusterCredential.objects.get(pk=two.pk).secret


def test_an_altered_ciphertext_is_refused() -> None:
    credential = stored()
    sealed = credential.__dict__["secret"]
    credential.__dict__["secret"] = type(sealed)(sealed[:-8] + "AAAAAAA=")
    credential.save()
    with pytest.raises(SealBroken):
        _ = ClusterCredential.objects.get(pk=credential.pk).secret


def test_a_bulk_update_with_plaintext_is_refused() -> None:
    stored()
    with pytest.raises(TypeError, match="encrypted"):
        ClusterCredential.objects.update(secret={"token": "plain"})


def test_a_lost_key_is_said_to_be_lost_and_nothing_is_contacted(settings: Any) -> None:
    credential = stored()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ClusterUnreachable, match="cannot be decrypted") as caught:
        connect(credential.cluster)
    assert not caught.value.ambiguous


def test_keys_are_rotated_and_the_old_one_can_go(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    credential = stored()
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    call_command("rotate_keys")
    assert capsys.readouterr().out.strip() == "1"
    settings.FIELD_KEYS = [new]
    assert ClusterCredential.objects.get(pk=credential.pk).secret == {"token": "planted"}
    settings.FIELD_KEYS = [old]
    with pytest.raises(CommandError, match="not configured"):
        call_command("rotate_keys")
