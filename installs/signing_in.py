"""Sessions with the hosts of an install, and what was seen of a host's key when there could be none."""

from __future__ import annotations

from dataclasses import dataclass

from installs.errors import HostUnreachable
from installs.models import Install, InstallHost
from installs.ssh import Account, Session


@dataclass(frozen=True)
class Doors:
    """How each host of an install is reached. Read once by the thread that may ask the database."""

    accounts: dict[str, Account]
    jump: Account | None

    def open(self, host: str) -> Session:
        """A session that is not yet connected."""
        return Session(self.accounts[host], self.jump)

    @property
    def secrets(self) -> set[str]:
        """All that must not be shown."""
        everyone = [*self.accounts.values(), *([self.jump] if self.jump else [])]
        return {secret for account in everyone for secret in account.secrets}


def doors_of(install: Install) -> Doors:
    """The doors to all hosts."""
    accounts, jump = {}, None
    for row in install.hosts.all():
        if row.role == InstallHost.Role.JUMP:
            jump = account_of(row)
        else:
            accounts[row.name] = account_of(row)
    return Doors(accounts, jump)


def account_of(row: InstallHost) -> Account:
    """How to sign in on one host. Decrypts its credential."""
    secret = row.credential or {}
    return Account(
        host=row.name,
        address=row.address,
        port=row.port,
        user=row.user,
        host_key=row.host_key,
        private_key=secret.get("private_key", ""),
        passphrase=secret.get("passphrase", ""),
        password=secret.get("password", ""),
        sudo_password=secret.get("sudo_password", ""),
    )


def note_offer(install: Install, error: HostUnreachable) -> None:
    """Keep the key that a host showed, so that a person can compare and confirm it."""
    if offered := error.fields.get("offered", ""):
        InstallHost.objects.filter(install=install, name=error.host).update(offered_key=offered)
