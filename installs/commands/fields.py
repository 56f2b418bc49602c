"""The fields of an install and of its hosts as people send them: held to the grammar, credentials taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from installs import grammar
from installs.grammar import Malformed
from installs.host_keys import host_key
from installs.models import Install, InstallHost
from installs.shapes import Config
from web.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_HOSTS = 200
_LONGEST_SECRET, _LONGEST_KEY = 1024, 32 * 1024
_CREDENTIAL = ("private_key", "password", "passphrase", "sudo_password")
_CONFIG = {name: rule for name, rule in grammar.CONFIG.items() if name != "name"}


class Problems:
    """What is wrong, all of it, before anything is refused."""

    def __init__(self) -> None:
        self.errors: list[dict[str, str]] = []

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append({"pointer": pointer, "code": code, "detail": detail})

    def tried(self, pointer: str, rule: Callable[[object], Any], value: object, instead: Any) -> Any:
        """What the rule makes of the value; `instead` where it is wrong, which is noted."""
        try:
            return rule(value)
        except Malformed as wrong:
            self.add(pointer, wrong.code, wrong.detail)
            return instead

    def refuse(self) -> None:
        """Raises Invalid when anything was noted."""
        if self.errors:
            raise Invalid(self.errors[0]["detail"], errors=self.errors)


def clean_config(given: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Every field of Config but the name, as it is stored. What is not given has Config's default."""
    accepted, wrong = grammar.read(_CONFIG, given)
    for name, malformed in wrong.items():
        problems.add(f"/{name}", malformed.code, malformed.detail)
    if "kubernetes_version" not in given:
        problems.add("/kubernetes_version", "required", _("Say which version of Kubernetes."))
    defaults = asdict(Config(name="", kubernetes_version=""))
    config = {name: accepted.get(name, defaults[name]) for name in _CONFIG}
    config["cert_sans"] = list(config["cert_sans"])
    if config["cni"] == grammar.OWN_CNI and not config["cni_manifest"] and "cni_manifest" not in wrong:
        problems.add("/cni_manifest", "required", _("The network `own` needs its manifest."))
    return config


def clean_hosts(
    given: Sequence[Any], problems: Problems, *, known: Sequence[InstallHost] = (), at: str = "/hosts"
) -> list[InstallHost]:
    """Unsaved rows of the hosts, numbered in their order. A host that is known by its name keeps its row's id, and,
    where address, port and user are as they were, its credential; where address and port are, its confirmed key."""
    if len(given) > MOST_HOSTS:
        problems.add(at, "too_many", _("At most %(most)d hosts.") % {"most": MOST_HOSTS})
        return []
    by_name = {row.name: row for row in known}
    rows = []
    for number, fields in enumerate(given):
        if not isinstance(fields, Mapping):
            problems.add(f"{at}/{number}", "object", _("A host is an object."))
            continue
        rows.append(_host(fields, number, f"{at}/{number}", by_name, problems))
    _refuse_twins(rows, at, problems)
    if sum(row.role == InstallHost.Role.JUMP for row in rows) > 1:
        problems.add(at, "jump_hosts", _("There can be one jump host."))
    return rows


def _host(
    fields: Mapping[str, Any], number: int, at: str, known: Mapping[str, InstallHost], problems: Problems
) -> InstallHost:
    plain = {name: value for name, value in fields.items() if name not in ("credential", "host_key")}
    for name in ("name", "address", "role"):
        if name not in plain:
            problems.add(f"{at}/{name}", "required", _("This field is needed."))
    accepted, wrong = grammar.read(grammar.HOST, plain)
    for name, malformed in wrong.items():
        problems.add(f"{at}/{name}", malformed.code, malformed.detail)
    row = InstallHost(number=number, **accepted)
    before = known.get(row.name)
    if before is not None:
        row.pk, row._state.adding = before.pk, False
        row.install_id = before.install_id
        is_same_place = (before.address, before.port) == (row.address, row.port)
        if is_same_place:
            for name in ("host_key", "offered_key", "facts", "unreachable", "seen_at"):
                setattr(row, name, getattr(before, name))
        if is_same_place and before.user == row.user and not fields.get("credential"):
            # A secret goes to the machine that it was given for, and to no other.
            row.credential = before.__dict__.get("credential")
    if fields.get("host_key"):
        key = problems.tried(f"{at}/host_key", host_key, fields["host_key"], "")
        row.host_key, row.offered_key = key, "" if key == row.offered_key else row.offered_key
    if fields.get("credential"):
        row.credential = _credential(fields["credential"], f"{at}/credential", problems)
    return row


def _credential(given: Any, at: str, problems: Problems) -> dict[str, str] | None:
    if not isinstance(given, Mapping):
        problems.add(at, "object", _("Give private_key or password."))
        return None
    kept = {name: value for name, value in given.items() if value not in ("", None)}
    for name, value in kept.items():
        longest = _LONGEST_KEY if name == "private_key" else _LONGEST_SECRET
        if name not in _CREDENTIAL:
            problems.add(f"{at}/{name}", "unknown_field", _("There is no such field."))
        elif not isinstance(value, str) or len(value) > longest or "\0" in value:
            problems.add(
                f"{at}/{name}", "text", _("Give this as text of at most %(most)d characters.") % {"most": longest}
            )
        elif name != "private_key" and ("\n" in value or "\r" in value):
            # sudo reads its password as one line.
            problems.add(f"{at}/{name}", "one_line", _("Give this as one line."))
    if "private_key" not in kept and "password" not in kept:
        problems.add(at, "required", _("Give private_key or password."))
    if "private_key" in kept and isinstance(kept["private_key"], str):
        kept["private_key"] = problems.tried(
            f"{at}/private_key", _private_key(kept.get("passphrase")), kept["private_key"], ""
        )
    return kept


def _private_key(passphrase: Any) -> Callable[[object], str]:
    """The rule for a private key: it can be opened, with its passphrase where it has one."""

    def rule(value: object) -> str:
        from installs.ssh import open_private_key

        text = str(value).replace("\r\n", "\n").strip() + "\n"
        open_private_key(text, passphrase if isinstance(passphrase, str) else None)
        return text

    return rule


def _refuse_twins(rows: Sequence[InstallHost], at: str, problems: Problems) -> None:
    names = Counter(row.name for row in rows if row.name)
    places = Counter((row.address, row.port) for row in rows if row.address)
    for number, row in enumerate(rows):
        if names[row.name] > 1:
            problems.add(f"{at}/{number}/name", "taken", _("Two hosts have the name %(name)s.") % {"name": row.name})
        if places[row.address, row.port] > 1:
            problems.add(
                f"{at}/{number}/address", "taken", _("Two hosts have the address %(at)s.") % {"at": row.address}
            )


def with_credentials(install: Install) -> list[InstallHost]:
    """The hosts read anew: lists that were read for a page leave the credentials out."""
    return list(InstallHost.objects.filter(install=install))


def recorded_hosts(rows: Sequence[InstallHost]) -> list[dict[str, Any]]:
    """The part of hosts that goes into the audit log: how one signs in is in it, with what is not."""
    return [
        {
            "name": row.name,
            "address": row.address,
            "port": row.port,
            "user": row.user,
            "role": row.role,
            "host_key": row.host_key,
            "signs_in": bool(row.__dict__.get("credential")),
        }
        for row in rows
    ]
