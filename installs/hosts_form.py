"""Hosts as rows of a form, which can be added, moved and removed without a script. No credential is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from installs.models import InstallHost

if TYPE_CHECKING:
    from django.http import QueryDict

    from installs.shapes import Host

MOST_ROWS = 200
FIELDS = ("name", "address", "port", "user", "role")
CREDENTIAL = ("private_key", "passphrase", "password", "sudo_password")
NEW = {"port": "22", "user": "root", "role": InstallHost.Role.WORKER.value}
# A row that says no more than this was never filled in.
TELLING = ("name", "address")


@dataclass
class Row:
    """One host as typed. `has_credential` says that one is kept for it: a host that moves or is renamed keeps none.

    `credential` holds what was typed anew, which goes into commands and never back into a page.
    """

    name: str = ""
    address: str = ""
    port: str = NEW["port"]
    user: str = NEW["user"]
    role: str = NEW["role"]
    has_credential: bool = False
    credential: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        return not any(getattr(self, name) for name in TELLING)

    @property
    def other_errors(self) -> list[str]:
        """What is wrong with no field of the row in particular."""
        return [words for name, found in self.errors.items() if name not in FIELDS for words in found]


class HostsEditor:
    """The hosts of an install while somebody edits them, with what is wrong with them."""

    def __init__(self, rows: list[Row], shared: dict[str, str] | None = None) -> None:
        self.rows = rows
        self.shared = shared or {}
        self.errors: list[str] = []

    @classmethod
    def of(cls, hosts: Iterable[InstallHost]) -> HostsEditor:
        """Filled with the hosts there are, or with one blank row for a first control plane."""
        rows = []
        for host in hosts:
            name, address, port, user = _place(host)
            rows.append(Row(name, address, port, user, str(host.role), bool(host.credential)))
        return cls(rows or [Row(role=InstallHost.Role.CONTROL_PLANE.value)])

    @classmethod
    def typed(cls, post: QueryDict, hosts: Iterable[InstallHost] = ()) -> HostsEditor:
        """As it was posted; which credentials are kept is asked of `hosts`, never of the form."""
        kept = {_place(host) for host in hosts if host.credential}
        rows = []
        for index in (index for index in range(MOST_ROWS) if f"name-{index}" in post):
            typed = {name: str(post.get(f"{name}-{index}", "")).strip() for name in FIELDS}
            place = tuple(typed[name] for name in FIELDS if name != "role")
            row = Row(has_credential=place in kept, credential=_credential(post, f"-{index}"))
            for name, words in typed.items():
                setattr(row, name, words)
            rows.append(row)
        return cls(rows, _credential(post, "-shared"))

    def change(self, asked: str) -> None:
        """Add, move or remove a row: `add`, `up-2`, `down-2`, `remove-2`. Anything else changes nothing."""
        verb, _dash, number = asked.partition("-")
        if verb == "add":
            if len(self.rows) < MOST_ROWS:
                last = self.rows[-1] if self.rows else Row()
                self.rows.append(Row(port=last.port, user=last.user))
            return
        index = int(number) if number.isascii() and number.isdigit() else -1
        if not 0 <= index < len(self.rows):
            return
        row = self.rows.pop(index)
        if verb in ("up", "down"):
            self.rows.insert(max(0, index + (1 if verb == "down" else -1)), row)

    def take(self, hosts: Sequence[Host]) -> None:
        """Put hosts of an inventory into the rows: one of the same name changes, others come after."""
        self.rows = [row for row in self.rows if not row.is_blank]
        by_name = {row.name: row for row in self.rows}
        for host in hosts[:MOST_ROWS]:
            row = by_name.get(host.name)
            if row is None:
                row = Row()
                self.rows.append(row)
            for name in FIELDS:
                setattr(row, name, str(getattr(host, name)))

    def hosts(self) -> list[dict[str, Any]]:
        """What the commands take. A host without `credential` keeps the one it has."""
        return [self._host(row) for row in self._filled()]

    def put(self, problems: Iterable[Mapping[str, str]]) -> None:
        """Put each finding of a refusal at its row and field, else above the form."""
        filled = self._filled()
        for problem in problems:
            first, _slash, rest = problem.get("pointer", "").strip("/").partition("/")
            index, _slash, name = rest.partition("/")
            if first == "hosts" and index.isdigit() and int(index) < len(filled):
                filled[int(index)].errors.setdefault(name.partition("/")[0], []).append(problem["detail"])
            else:
                self.errors.append(problem["detail"])

    @property
    def is_valid(self) -> bool:
        return not (self.errors or any(row.errors for row in self.rows))

    @property
    def was_given_credentials(self) -> bool:
        """Whether credentials were typed that a form which comes back has lost."""
        return bool(self.shared or any(row.credential for row in self.rows))

    @property
    def roles(self) -> list[tuple[str, Any]]:
        """The choices of a row's role."""
        return list(InstallHost.Role.choices)

    def _filled(self) -> list[Row]:
        return [row for row in self.rows if not row.is_blank]

    def _host(self, row: Row) -> dict[str, Any]:
        host: dict[str, Any] = {name: getattr(row, name) for name in FIELDS}
        host["port"] = int(row.port) if row.port.isascii() and row.port.isdigit() else row.port
        if row.credential:
            host["credential"] = row.credential
        elif self.shared and not row.has_credential:
            host["credential"] = dict(self.shared)
        return host


def _place(host: InstallHost) -> tuple[str, str, str, str]:
    """What has to stay as it is for a credential to be kept."""
    return (host.name, host.address, str(host.port), host.user)


def _credential(post: QueryDict, suffix: str) -> dict[str, str]:
    """What was typed of a credential. Line ends of a key become what ssh expects."""
    typed = {name: str(post.get(f"{name}{suffix}", "")).replace("\r\n", "\n") for name in CREDENTIAL}
    if typed["private_key"].strip():
        typed["private_key"] = f"{typed['private_key'].strip()}\n"
    return {name: text for name, text in typed.items() if text.strip()}
