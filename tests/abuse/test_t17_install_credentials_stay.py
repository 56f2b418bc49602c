"""T17, T10: what signs in on hosts is encrypted at rest, told by no answer, log, audit entry or task, and stays with
the machine that it was given for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.db import connection

from accounts.models import User
from audit.models import Entry
from installs.models import Install, InstallHost
from tests.factories.installs import KEY
from tests.installs.bodies import host_body, install_body

PLANTED = {"password": "planted-password", "sudo_password": "planted-sudo"}


@pytest.fixture
def made(api: Callable[..., Any], admin: User) -> Install:
    answer = api(admin).post("/installs/", install_body(hosts=[host_body(credential=PLANTED)]))
    assert answer.status_code == 201 and "planted" not in answer.content.decode()
    return Install.objects.get(pk=answer.json()["id"])


def test_they_are_ciphertext_in_the_database(made: Install) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT credential FROM installs_installhost")
        (stored,) = cursor.fetchone()
    assert "planted" not in stored
    assert "planted" not in serializers.serialize("json", InstallHost.objects.all())
    assert made.hosts.get().credential == PLANTED


def test_no_answer_and_no_entry_tells_them(api: Callable[..., Any], admin: User, made: Install) -> None:
    caller = api(admin)
    names = ["", "checks/", "runs/", "events/", "inventory/", "inventory/?format=kubespray", "config/", "plan/"]
    for name in names:
        assert "planted" not in caller.get(f"/installs/{made.pk}/{name}").content.decode()
    assert "planted" not in json.dumps(list(Entry.objects.values("before", "after", "data")))


def test_they_do_not_follow_a_host_to_another_address(api: Callable[..., Any], admin: User, made: Install) -> None:
    caller, at = api(admin), f"/installs/{made.pk}/"
    body = {name: value for name, value in host_body().items() if name != "credential"}

    assert caller.patch(at, {"hosts": [body]}).status_code == 200
    assert made.hosts.get().credential == PLANTED
    for changed in ({"address": "192.0.2.66"}, {"port": 2222}, {"user": "other"}):
        made.hosts.all().delete()
        InstallHost.objects.create(
            install=made, name="m1", address="192.0.2.11", role="control_plane", credential=PLANTED, host_key=KEY
        )
        assert caller.patch(at, {"hosts": [{**body, **changed}]}).status_code == 200
        row = made.hosts.get()
        assert row.credential is None, changed
        assert ("user" in changed) == bool(row.host_key)


def test_nobody_but_an_admin_knows_that_there_is_one(
    api: Callable[..., Any], maintainer: User, admin: User, made: Install
) -> None:
    for call in ("", "checks/", "runs/", "events/", "config/", "plan/", "inventory/"):
        assert api(maintainer).get(f"/installs/{made.pk}/{call}").status_code == 404
    assert api(maintainer).get("/installs/").json()["results"] == []
    assert api(maintainer).post("/installs/", install_body("other")).status_code == 403
    reader = api(admin, scopes=["read"])
    assert reader.get(f"/installs/{made.pk}/").status_code == 200
    assert reader.post(f"/installs/{made.pk}/preflight/", {}).status_code == 403
