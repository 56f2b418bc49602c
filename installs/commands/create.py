"""Draft an install: a cluster to be made out of hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.models import Cluster
from durable.idempotency import note_made
from installs import grammar
from installs.commands.fields import Problems, clean_config, clean_hosts, recorded_hosts
from installs.errors import NameTaken
from installs.models import Install
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def create_install(
    by: User, *, name: str, config: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]] = ()
) -> Install:
    """Save a draft; nothing is connected to. `config` has the fields of shapes.Config, each host those of shapes.Host
    with `credential` {private_key | password, passphrase?, sudo_password?} and `host_key`.

    Raises NotPermitted, Invalid with every value that is wrong, NameTaken.
    """
    require(by, "install.create", None)
    problems = Problems()
    name = problems.tried("/name", grammar.name, name, "")
    cleaned = clean_config(config, problems)
    rows = clean_hosts(hosts, problems)
    problems.refuse()
    if Install.objects.filter(name=name).exists() or Cluster.objects.filter(name__iexact=name).exists():
        raise taken(name)
    install = Install(name=name, config=cleaned, created_by=by)
    try:
        with atomic():
            install.save(force_insert=True)
            for row in rows:
                row.install = install
                row.save(force_insert=True)
            note_made(install.pk)
            audit(by, "install.create", install, after={"config": cleaned, "hosts": recorded_hosts(rows)})
            publish("installs")
    except IntegrityError as error:
        raise taken(name) from error
    return install


def taken(name: str) -> NameTaken:
    """What to raise for a name that an install or a cluster has."""
    return NameTaken(
        _("There is an install or a cluster named %(name)s.") % {"name": name}, next=_("Choose another name.")
    )
