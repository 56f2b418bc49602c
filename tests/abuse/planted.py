"""Secrets with a mark in them, planted wherever the portal keeps one; and how to look for the mark afterwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.models import Authenticator, IdentityProvider, ProviderSession, Session, Token, User
from accounts.tokens import PREFIX, hashed
from charts.models import ChartRepository, HelmOperation
from clusters.models import ClusterCredential
from durable.encryption import EncryptedJSONField
from installs.models import Install, InstallHost
from notifications.models import Channel
from sinks.models import AuditSink
from tests.abuse.furnished import House
from tests.factories.deployments import new_revision
from webhooks.models import WebhookSource

MARK = "planted"
# What stands in a pod template: the cluster holds it in the open, and so does the row that keeps the template.
IN_TEMPLATES = {
    "DB_PASSWORD": f"{MARK}-01-password",
    "API_TOKEN": f"{MARK}-02-token",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-03-secret",
    "SESSION_KEY": f"{MARK}-04-key",
    "WEBHOOK_URL": f"https://bot:{MARK}-05-url@hooks.example/x",
    "DATABASE_URL": f"postgres://app:{MARK}-06-dsn@db.example/app",
    "HEADER": f"Authorization: Bearer {MARK}-07-bearer",
}
# What Slipway itself is trusted with, by model and field. A new encrypted field fails a test until it is here.
AT_REST: dict[str, dict[str, str]] = {
    "clusters.ClusterCredential.secret": {
        "certificate": f"{MARK}-08-certificate",
        "key": f"{MARK}-09-client-key",
        "token": f"{MARK}-10-cluster-token",
    },
    "notifications.Channel.secret": {
        "url": f"https://hooks.example/{MARK}-11-channel-url",
        "key": f"{MARK}-12-signing-key",
    },
    "installs.InstallHost.credential": {
        "password": f"{MARK}-13-ssh-password",
        "sudo_password": f"{MARK}-14-sudo-password",
        "private_key": f"{MARK}-15-ssh-key",
        "passphrase": f"{MARK}-16-passphrase",
    },
    "installs.Install.secrets": {"JOIN_TOKEN": f"{MARK}-17-join-token", "CERTIFICATE_KEY": f"{MARK}-18-join-key"},
    "charts.ChartRepository.secret": {
        "username": f"{MARK}-19-repository-user",
        "password": f"{MARK}-20-repository-password",
    },
    "charts.HelmOperation.values": {"password": f"{MARK}-21-helm-value", "dsn": f"{MARK}-22-helm-dsn"},
    "accounts.IdentityProvider.secret": {"client_secret": f"{MARK}-23-client-secret"},
    "accounts.ProviderSession.tokens": {
        "refresh_token": f"{MARK}-24-refresh-token",
        "id_token": f"{MARK}-25-id-token",
    },
    "accounts.Authenticator.secrets": {
        "secret": f"{MARK}-28-authenticator",
        "pending": f"{MARK}-29-next-authenticator",
    },
    "webhooks.WebhookSource.secret": {"now": f"{MARK}-33-source-secret", "before": f"{MARK}-34-source-before"},
    "sinks.AuditSink.secret": {
        "address": f"https://log.example/{MARK}-30-sink-address",
        "bearer": f"{MARK}-31-sink-bearer",
        "key": f"{MARK}-32-sink-key",
    },
}
# Sealed against change, not against reading: what they say stands beside them.
PROOFS = {"audit.ChainHead.proof", "audit.Checkpoint.proof"}
PASSWORD = f"{MARK}-26-password-of-a-person"
TOKEN = f"{PREFIX}{MARK}27{'x' * 40}"
# Where a mark of a pod template may stand: rows that keep the template as the cluster holds it.
TEMPLATE_COLUMNS = {
    "deployments_release.template_from",
    "deployments_release.template_to",
    "deployments_revision.template",
    "clusters_observation.whole",
}


def encrypted_fields() -> set[str]:
    """Every field of the house that is kept encrypted."""
    return {
        f"{model._meta.app_label}.{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedJSONField)
    } - PROOFS


def plant(house: House) -> None:
    """Put every secret of AT_REST, a password and a token into the rows of the house."""
    new_revision(
        house.target,
        "1.9.9",
        **{name: value.replace(MARK, f"{MARK}-again") for name, value in IN_TEMPLATES.items()},
    )
    ClusterCredential.objects.filter(cluster=house.cluster).delete()
    ClusterCredential.objects.create(
        cluster=house.cluster, kind="token", secret=AT_REST["clusters.ClusterCredential.secret"]
    )
    Channel.objects.create(
        team=house.team, name="second-channel", kind="webhook", secret=AT_REST["notifications.Channel.secret"]
    )
    ChartRepository.objects.create(
        name="charts", kind="classic", url="https://charts.example", secret=AT_REST["charts.ChartRepository.secret"]
    )
    for row, field in (
        (HelmOperation.objects.get(pk=house.operation.pk), "charts.HelmOperation.values"),
        (Install.objects.get(pk=house.install.pk), "installs.Install.secrets"),
        (InstallHost.objects.get(install=house.install), "installs.InstallHost.credential"),
        (WebhookSource.objects.get(pk=house.source.pk), "webhooks.WebhookSource.secret"),
        (AuditSink.objects.get(pk=house.sink.pk), "sinks.AuditSink.secret"),
        (IdentityProvider.objects.get(pk=house.identity.provider_id), "accounts.IdentityProvider.secret"),
    ):
        setattr(row, field.rpartition(".")[2], AT_REST[field])
        row.save()
    now = timezone.now()
    session = Session.objects.create(
        user=house.member,
        key="0" * 40,
        way="oidc",
        address="192.0.2.1",
        created_at=now,
        last_seen_at=now,
        ends_at=now + timedelta(hours=8),
    )
    ProviderSession.objects.create(
        session=session, identity=house.identity, tokens=AT_REST["accounts.ProviderSession.tokens"]
    )
    Authenticator.objects.create(
        user=house.member, secrets=AT_REST["accounts.Authenticator.secrets"], is_on=True, turned_on_at=now
    )
    person = User.objects.get(pk=house.member.pk)
    person.set_password(PASSWORD)
    person.save()
    Token.objects.create(user=person, name="second-token", prefix=TOKEN[:9], hash=hashed(TOKEN))


def secrets_planted() -> list[str]:
    """All of them as they would be found."""
    kept = [value for held in AT_REST.values() for value in held.values()]
    return [*IN_TEMPLATES.values(), *kept, PASSWORD, TOKEN]


def found_in(text: str) -> list[str]:
    """The planted secrets whose own mark stands in a text: names of rows may hold the word itself."""
    numbers = {f"{MARK}-{number:02d}-" for number in range(1, 100)} | {f"{MARK}-again-", f"{MARK}27"}
    return sorted(mark for mark in numbers if mark in text) if MARK in text else []


def columns_with_marks() -> dict[str, set[str]]:
    """Every column of every table of the database that holds a mark in the open, with the marks."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names from the schema
            names = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                    if marks := found_in(text):
                        found.setdefault(f"{table}.{name}", set()).update(marks)
    return found


def spoken(commands: list[str]) -> Iterator[str]:
    """What the broker was told, with the bodies of task messages read: they are JSON inside base64 inside JSON."""
    for command in commands:
        yield command
        start = command.find("{")
        while start >= 0:
            message, length = _json_at(command, start)
            if isinstance(message, dict) and isinstance(message.get("body"), str):
                yield _unpacked(message["body"])
            start = command.find("{", start + max(length, 1))


def _json_at(text: str, start: int) -> tuple[Any, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None, 0
    return value, end - start


def _unpacked(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode("utf-8", "replace")
    except ValueError:
        return body
