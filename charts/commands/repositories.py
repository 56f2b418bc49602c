"""Chart repositories: registered, edited and removed by admins, asked again by whoever may install."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import may_in_any_team, require, require_reach
from audit.record import audit
from charts.errors import NameTaken, RepositoryInUse
from charts.fetching import Origin, read_address
from charts.models import ChartRepository, HelmOperation
from charts.names import is_oci_path
from charts.refreshing import ask, keep_offer, refresh
from charts.sources import UPLOADS, http_url
from durable.encryption import SealBroken
from durable.idempotency import note_made
from web.errors import Invalid
from web.etag import claim_version
from web.names import dns_label
from web.outbound import AddressRefused

if TYPE_CHECKING:
    from accounts.models import User

RESERVED = frozenset({UPLOADS, "oci:", "new"})
_LONGEST = 1024


def create_repository(
    by: User, name: str, url: str, *, username: str = "", password: str = "", allow_private_address: bool = False
) -> ChartRepository:
    """Register a repository after it has been asked what it offers; nothing is saved when it does not answer as one.

    Raises NotPermitted, Invalid, NameTaken, RepositoryUnreachable.
    """
    require(by, "chart_repository.create", None)
    repository = ChartRepository(
        name=_checked_name(name),
        url=url.strip().rstrip("/"),
        allow_private_address=allow_private_address,
        created_by=by,
    )
    repository.kind = _kind_of(repository.url, allow_private_address)
    repository.secret = _login(username, password)
    charts = ask(repository)
    try:
        with atomic():
            repository.save(force_insert=True)
            note_made(repository.pk)
            keep_offer(repository, charts)
            audit(by, "chart_repository.create", repository, after=what_is_recorded(repository))
    except IntegrityError as error:
        raise _taken(name) from error
    repository.refresh_from_db()
    return repository


def edit_repository(
    by: User,
    repository: ChartRepository,
    *,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    allow_private_address: bool | None = None,
) -> ChartRepository:
    """Change what is given, once the repository has answered as it shall be; else nothing is saved. Credentials that
    are not given stay while scheme, host and port do; empty ones are forgotten.

    Raises NotPermitted, Invalid, PreconditionFailed, RepositoryUnreachable.
    """
    require(by, "chart_repository.edit", None)
    before, changed = what_is_recorded(repository), copy(repository)
    if url is not None:
        changed.url = url.strip().rstrip("/")
    if allow_private_address is not None:
        changed.allow_private_address = allow_private_address
    changed.kind = _kind_of(changed.url, changed.allow_private_address)
    has_moved = _origin(changed) != _origin(repository)
    is_new_login = has_moved or username is not None or password is not None
    if is_new_login:
        kept = {} if has_moved else _kept_login(repository)
        changed.secret = _login(
            kept.get("username", "") if username is None else username,
            kept.get("password", "") if password is None else password,
        )
    charts = ask(changed)
    with atomic():
        claim_version(changed)
        changed.save(update_fields=["url", "kind", "secret", "allow_private_address"])
        keep_offer(changed, charts)
        after = {**what_is_recorded(changed), "login_was_given": is_new_login}
        audit(by, "chart_repository.edit", changed, before=before, after=after)
    changed.refresh_from_db()
    return changed


def refresh_repository(by: User, repository: ChartRepository) -> ChartRepository:
    """Ask a repository what it offers now. What it does not answer is told by its status. Raises NotPermitted."""
    require_reach(by, "chart_repository.refresh")
    if not may_in_any_team(by, "chart_repository.refresh"):
        require(by, "chart_repository.refresh", None)
    refresh(repository)
    repository.refresh_from_db()
    with atomic():
        audit(by, "chart_repository.refresh", repository, after={"status": repository.status})
    return repository


def remove_repository(by: User, repository: ChartRepository) -> None:
    """Forget a repository; releases whose charts came from it stay. Raises NotPermitted, RepositoryInUse."""
    require(by, "chart_repository.remove", None)
    running = HelmOperation.objects.exclude(state__in=HelmOperation.ENDED).filter(
        archive=None, chart_ref__startswith=f"{repository.name}/"
    )
    if found := list(running.select_related("release__cluster")[:10]):
        raise RepositoryInUse(
            _("An operation still takes a chart from %(name)s.") % {"name": repository.name},
            next=_("Wait until it has ended."),
            blocked_by=[{"kind": "helm_operation", "id": str(each.pk), "release": str(each.release)} for each in found],
        )
    with atomic():
        audit(by, "chart_repository.remove", repository, before=what_is_recorded(repository))
        repository.delete()


def what_is_recorded(repository: ChartRepository) -> dict[str, object]:
    """The part of a repository that goes into the audit log: no credential is in it."""
    names = ("name", "kind", "url", "allow_private_address")
    return {**{name: getattr(repository, name) for name in names}, "has_login": repository.has_login}


def _login(username: str, password: str) -> dict[str, str] | None:
    """What is kept of credentials. Raises Invalid at /username or /password."""
    login = {"username": _header_part(username, "username"), "password": _header_part(password, "password")}
    return login if any(login.values()) else None


def _kept_login(repository: ChartRepository) -> dict[str, str]:
    try:
        return dict(repository.secret or {})
    except SealBroken:
        # Giving them anew is how one gets out of this.
        return {}


def _origin(repository: ChartRepository) -> Origin:
    """Whom its credentials belong to."""
    return read_address(http_url(repository.url), allow_private=True).origin


def _checked_name(name: str) -> str:
    try:
        dns_label(name)
    except ValidationError as error:
        raise Invalid.at("/name", "dns_label", " ".join(error.messages)) from error
    if name in RESERVED:
        raise Invalid.at("/name", "reserved", _("“%(name)s” is a word of Slipway's own.") % {"name": name})
    if ChartRepository.objects.filter(name=name).exists():
        raise _taken(name)
    return name


def _kind_of(url: str, allow_private: bool) -> str:
    """Raises Invalid at /url."""
    try:
        read_address(http_url(url), allow_private=allow_private)
    except AddressRefused as refusal:
        raise Invalid.at("/url", refusal.step, f"{refusal.detail}. {refusal.next}".strip()) from refusal
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise Invalid.at("/url", "url", _("Give the address without query and fragment."))
    if not parts.scheme.startswith("oci"):
        return ChartRepository.Kind.CLASSIC
    path = parts.path.strip("/")
    if path and not is_oci_path(path):
        raise Invalid.at("/url", "url", _("That is no path in a registry."))
    return ChartRepository.Kind.OCI


def _header_part(text: str, field: str) -> str:
    if (
        len(text) > _LONGEST
        or any(ord(sign) < 32 or ord(sign) == 127 for sign in text)
        or (field == "username" and ":" in text)
    ):
        raise Invalid.at(f"/{field}", "character", _("It is too long, or holds characters that cannot be sent."))
    return text


def _taken(name: str) -> NameTaken:
    return NameTaken(
        _("There is a chart repository “%(name)s” already.") % {"name": name}, next=_("Choose another name.")
    )
