"""Edit an install before it runs; once there is a cluster, only how its hosts are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from installs.commands.asking import is_installed, refuse_active
from installs.commands.fields import Problems, clean_config, clean_hosts, recorded_hosts, with_credentials
from installs.errors import WrongStatus
from installs.models import Install, InstallHost
from web.errors import PreconditionFailed
from web.etag import claim_version
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def edit_install(
    by: User,
    install: Install,
    *,
    config: Mapping[str, Any] | None = None,
    hosts: Sequence[Mapping[str, Any]] | None = None,
    version: int | None = None,
) -> Install:
    """Change the fields of `config` that are given, and put `hosts` in the place of all hosts. A host without
    `credential` keeps the one of the host of its name, as long as address, port and user stay.

    What was checked is forgotten. Raises NotPermitted, Invalid, RunActive, WrongStatus, PreconditionFailed.
    """
    require(by, "install.edit", None)
    refuse_active(install)
    if version is not None and version != install.version:
        raise PreconditionFailed(_("The install was changed since you read it."), next=_("Read it again."))
    problems = Problems()
    before = with_credentials(install)
    new_config = clean_config({**install.config, **config}, problems) if config is not None else install.config
    rows = clean_hosts(hosts, problems, known=before) if hosts is not None else before
    problems.refuse()
    is_other = new_config != install.config or [_place(row) for row in rows] != [_place(row) for row in before]
    if is_installed(install) and is_other:
        raise WrongStatus(
            _("%(name)s is a cluster already; its hosts and networks stay as they are.") % {"name": install.name},
            next=_("Add or remove nodes, upgrade it, or reset it first. Credentials can be edited."),
            status_now=install.status,
        )
    with atomic():
        claim_version(install)
        audit(
            by,
            "install.edit",
            install,
            before={"config": install.config, "hosts": recorded_hosts(before)},
            after={"config": new_config, "hosts": recorded_hosts(rows)},
        )
        _save(install, new_config, rows, is_other=is_other)
        publish(f"install:{install.pk}", "installs")
    return install


def _save(install: Install, config: dict[str, Any], rows: list[InstallHost], *, is_other: bool) -> None:
    install.config = config
    values: dict[str, Any] = {"config": config}
    if is_other:
        values |= {"status": Install.Status.DRAFT, "problem": "", "checked_at": None}
        install.checks.all().delete()
    for name, value in values.items():
        setattr(install, name, value)
    Install.objects.filter(pk=install.pk).update(**values)
    install.hosts.exclude(pk__in=[row.pk for row in rows]).delete()
    # Names and addresses may change places: all rows that stay move out of the way first.
    for row in rows:
        if not row._state.adding:
            InstallHost.objects.filter(pk=row.pk).update(name=f"x{row.pk.hex}", address=row.pk.hex)
    for row in rows:
        row.install = install
        row.save()


def _place(row: InstallHost) -> tuple[Any, ...]:
    return (row.number, row.name, row.address, row.port, row.user, row.role)
