"""The only door to hosts: SSH with pinned host keys, through a jump host where there is one.

Synchronous outside, asyncssh within, one event loop a session, imported only where SSH is spoken. Every wait has its
limit: connecting, signing in, a script's time, a script's output. An address is resolved once, held against the policy
of `web.outbound` (private addresses are allowed: only admins make installs), and that very address is connected to.

A script goes to `sh` on standard input, never on a command line (T32): within braces, so that one that was cut off by
a lost connection is a syntax error and does nothing, with secrets as exported variables before it. Scripts of steps
run one at a time on a host: `flock` holds the host until the script has ended, whether or not we still listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from installs.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from installs.grammar import Malformed
from installs.host_keys import fingerprint
from web import outbound
from web.outbound import AddressRefused

if TYPE_CHECKING:
    import asyncssh

CONNECT_SECONDS, SIGN_IN_SECONDS = 5.0, 15.0
KEEPALIVE_SECONDS, KEEPALIVE_MISSES = 5, 4
# What a script may say before the rest is dropped, and the longest line.
MOST_BYTES, LONGEST_LINE = 4 * 1024 * 1024, 4000
PORTION_SECONDS, PORTION_BYTES = 0.5, 256 * 1024
LOCK = "/run/slipway-install.lock"
LOCK_BUSY, TIMED_OUT = 75, 124
_PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "LANG": "C"}
_MARK = "#slipway#"
# Whatever sudo left unread comes before the mark and is dropped, so that a password is never taken for a command.
_AFTER_MARK = f'while IFS= read -r l; do [ "$l" = "{_MARK}" ] && exec sh -c "$1"; done; exit 125'
_SHA = 'sha256sum < {path} 2>/dev/null | cut -d" " -f1'


@dataclass(frozen=True)
class Account:
    """How to reach a host and sign in. Secrets are in no representation."""

    host: str
    address: str
    port: int
    user: str
    host_key: str
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sudo_password: str = field(default="", repr=False)

    @property
    def secrets(self) -> set[str]:
        """What must never be shown."""
        return {value for value in (self.passphrase, self.password, self.sudo_password) if value}


@dataclass(frozen=True)
class Ended:
    """How a script ended."""

    code: int
    output: str = ""

    @property
    def is_good(self) -> bool:
        return self.code == 0


class Interrupted(Exception):
    """We were told to stop while something went on."""


def open_private_key(text: str, passphrase: str | None) -> Any:
    """The key. Raises Malformed, which says what is wrong without a word of the key."""
    import asyncssh

    try:
        return asyncssh.import_private_key(text, passphrase or None)
    except asyncssh.KeyEncryptionError:
        if passphrase:
            raise Malformed("passphrase", _("The passphrase does not open the private key.")) from None
        raise Malformed("passphrase", _("The private key needs its passphrase.")) from None
    except (asyncssh.KeyImportError, ValueError, UnicodeError):
        raise Malformed("private_key", _("This is no private key in OpenSSH, PEM or PKCS#8 format.")) from None


class Session:
    """One connection to one host, to be used by one thread. `with Session(account, jump) as session: ...`"""

    def __init__(self, account: Account, jump: Account | None = None) -> None:
        self.account = account
        self._jump = jump
        self._runner = asyncio.Runner()
        self._connection: Any = None
        self._stack = contextlib.AsyncExitStack()
        self._root: list[str] = []
        self._sends_password = False

    def __enter__(self) -> Session:
        """Raises HostUnreachable, HostKeyUnknown, HostKeyChanged."""
        # Each connection would be told of at length, with its commands.
        logging.getLogger("asyncssh").setLevel(logging.WARNING)
        try:
            self._runner.run(self._open())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection; a script that runs goes on on the host, which its lock shows."""
        with contextlib.suppress(Exception):
            self._runner.run(self._close())
        self._runner.close()

    def run(
        self, script: str, *, seconds: float, env: Mapping[str, str] | None = None, lock: int | None = None
    ) -> Ended:
        """Run a script as root to its end; for short answers. Raises HostUnreachable when it cannot be known how it
        ended."""
        output = []
        running = self.start(script, seconds=seconds, env=env, lock=lock)
        for lines in running.lines():
            output += lines
        return Ended(running.code, "\n".join(output))

    def start(
        self, script: str, *, seconds: float, env: Mapping[str, str] | None = None, lock: int | None = None
    ) -> Running:
        """Run a script as root and follow what it says. With `lock`, the seconds to wait for others to end, no other
        such script runs on the host, and this one goes on to its end when the connection is lost."""
        limit, waits = max(1, round(seconds)), lock or 0
        command = f"timeout -k 10 {limit} sh -s"
        if lock is not None:
            # tee -p reads on when nobody listens any more; -o: what is left running must not hold the lock.
            whole = (
                f"exec 3>&1; c=$( {{ {{ {command} 3>&- 4>&-; echo $? >&4; }} 2>&1 | tee -p /dev/null >&3; }} 4>&1 );"
                ' exit "$c"'
            )
            command = shlex.join(["flock", "-o", "-w", str(waits), "-E", str(LOCK_BUSY), LOCK, "sh", "-c", whole])
        told = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in {**_PLAIN, **(env or {})}.items())
        body = f"{told}{{\n{script}\n}} </dev/null 2>&1\n"
        return Running(self, command, [body.encode()], limit + waits + 30)

    def put(
        self,
        path: str,
        content: Iterable[bytes],
        sha256: str,
        *,
        mode: int,
        seconds: float = 600,
        still: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Have a file with this content at the path; answers whether it was not there yet. Raises HostUnreachable when
        what arrived is something else."""
        quoted, part = shlex.quote(path), shlex.quote(f"{path}.slipway-part")
        there = self.run(f"[ -f {quoted} ] && {_SHA.format(path=quoted)}", seconds=120)
        if there.output.strip() == sha256:
            self.run(f"chmod {mode:o} {quoted}", seconds=30)
            return False
        folder = shlex.quote(path.rpartition("/")[0] or "/")
        command = (
            f'umask 077; mkdir -p {folder} && cat > {part} && [ "$({_SHA.format(path=part)})" = {sha256} ]'
            f" && chmod {mode:o} {part} && mv -f {part} {quoted}"
        )
        running = Running(self, f"({command}) 2>&1", content, seconds)
        said = []
        for lines in running.lines():
            said += lines
            if not still():
                raise Interrupted
        if running.code != 0:
            why = " ".join(said)[-300:] or _("what arrived differs from what was sent")
            raise HostUnreachable(
                self.account.host,
                _("%(path)s could not be put on %(host)s: %(why)s")
                % {"path": path, "host": self.account.host, "why": why},
                step="run",
                next=_("Look for free space on the host."),
            )
        return True

    # Within the event loop.

    async def _open(self) -> None:
        tunnel = None
        if self._jump is not None:
            tunnel = await self._connect(self._jump, None)
        self._connection = await self._connect(self.account, tunnel)
        await self._find_root()

    async def _close(self) -> None:
        await asyncio.wait_for(self._stack.aclose(), 5)

    async def _connect(self, account: Account, tunnel: Any) -> Any:
        import asyncssh

        address = await asyncio.to_thread(_resolved, account)
        seen: list[str] = []

        class Client(asyncssh.SSHClient):
            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                seen.append(" ".join(key.export_public_key("openssh").decode().split()[:2]))
                return bool(account.host_key) and seen[-1] == account.host_key

        options = {
            "config": [],
            "known_hosts": ([], [], []),
            "server_host_key_algs": _algorithms(account.host_key),
            "client_factory": Client,
            "username": account.user,
            "client_keys": [open_private_key(account.private_key, account.passphrase)] if account.private_key else None,
            "password": account.password or None,
            "agent_path": None,
            "agent_forwarding": False,
            "x11_forwarding": False,
            "gss_host": None,
            "preferred_auth": "publickey,keyboard-interactive,password",
            "connect_timeout": CONNECT_SECONDS,
            "login_timeout": SIGN_IN_SECONDS,
            "keepalive_interval": KEEPALIVE_SECONDS,
            "keepalive_count_max": KEEPALIVE_MISSES,
            "encoding": None,
        }
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                if tunnel is None:
                    connection = await self._direct(account, address, options)
                else:
                    connection = await tunnel.connect_ssh(address, account.port, **options)
        except asyncssh.HostKeyNotVerifiable as error:
            raise _key_refused(account, seen[-1] if seen else "") from error
        except asyncssh.PermissionDenied as error:
            raise _not_let_in(account) from error
        except TimeoutError as error:
            raise _no_answer(
                account, _("it did not answer within %(seconds)d seconds") % {"seconds": SIGN_IN_SECONDS}
            ) from error
        except (OSError, asyncssh.Error) as error:
            raise _no_answer(account, str(error)[:200] or type(error).__name__) from error
        self._stack.push_async_callback(_bye, connection)
        return connection

    async def _direct(self, account: Account, address: str, options: dict[str, Any]) -> Any:
        import asyncssh

        plain = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        plain.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(plain, (address, account.port))
            return await asyncssh.connect(sock=plain, **options)
        except TimeoutError as error:
            plain.close()
            why = _("no connection within %(seconds)d seconds") % {"seconds": CONNECT_SECONDS}
            raise _no_answer(account, why) from error
        except BaseException:
            plain.close()
            raise

    async def _find_root(self) -> None:
        """How to be root here. Raises HostUnreachable (step privileges)."""
        if await self._says("id -u") == "0":
            return
        if await self._says("sudo -n -k true && echo yes") == "yes":
            self._root = ["sudo", "-n", "--"]
            return
        password = self.account.sudo_password or self.account.password
        if password:
            self._root, self._sends_password = ["sudo", "-k", "-S", "-p", "", "--"], True
            if await self._says("sudo -k -S -p '' -- id -u", f"{password}\n") == "0":
                return
            why = _("sudo refuses the password")
        else:
            why = _("it is not root, and sudo asks for a password")
        raise HostUnreachable(
            self.account.host,
            _("%(user)s on %(host)s cannot become root: %(why)s.")
            % {"user": self.account.user, "host": self.account.host, "why": why},
            step="privileges",
            next=_("Give the sudo password, allow sudo without one, or sign in as root."),
        )

    async def _says(self, command: str, told: str = "") -> str:
        """The first words of what a command prints."""
        import asyncssh

        said = b""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                process = await self._connection.create_process(command, encoding=None, stderr=asyncssh.DEVNULL)
                # A short command may have ended before it is told anything.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(told.encode())
                    process.stdin.write_eof()
                while len(said) < 1000 and (piece := await process.stdout.read(1000)):
                    said += piece
                process.close()
        except TimeoutError as error:
            raise _hangs(self.account, command.split(maxsplit=1)[0]) from error
        except (OSError, asyncssh.Error) as error:
            raise _lost(self.account, error) from error
        return said.decode("utf-8", "replace").strip()


class Running:
    """A command that runs as root on the host, followed from outside of the event loop."""

    def __init__(self, session: Session, command: str, content: Iterable[bytes], seconds: float) -> None:
        self._session = session
        self._content = content
        self._command = shlex.join([*session._root, "sh", "-c", _AFTER_MARK, "slipway", command])
        self._seconds = seconds
        self._process: Any = None
        self._writing: asyncio.Task[None] | None = None
        self._rest = b""
        self._bytes = 0
        self.code = -1

    def lines(self) -> Iterator[list[str]]:
        """What it says, in portions that come at least every half second, maybe empty; after the last one `code` is
        how it ended. Who stops asking lets it go on. Raises HostUnreachable when that cannot be known."""
        runner, give_up = self._session._runner, time.monotonic() + self._seconds
        runner.run(self._begin())
        is_over = False
        while not is_over:
            if time.monotonic() > give_up:
                raise _hangs(self._session.account, _("a script"))
            said, is_over = runner.run(self._portion())
            yield self._split(said, is_over=is_over)

    async def _begin(self) -> None:
        import asyncssh

        connection = self._session._connection
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                self._process = await connection.create_process(self._command, encoding=None, stderr=asyncssh.STDOUT)
        except TimeoutError as error:
            raise _hangs(self._session.account, _("a script")) from error
        except (OSError, asyncssh.Error) as error:
            raise _lost(self._session.account, error) from error
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        account = self._session.account
        lead = f"{account.sudo_password or account.password}\n" if self._session._sends_password else ""
        stdin = self._process.stdin
        # Who ends before it has read all says so by its exit code.
        with contextlib.suppress(OSError, EOFError):
            stdin.write(f"{lead}{_MARK}\n".encode())
            for piece in self._content:
                stdin.write(piece)
                await stdin.drain()
            stdin.write_eof()

    async def _portion(self) -> tuple[bytes, bool]:
        import asyncssh

        said = b""
        try:
            async with asyncio.timeout(PORTION_SECONDS):
                while len(said) < PORTION_BYTES:
                    piece = await self._process.stdout.read(PORTION_BYTES)
                    if not piece:
                        await self._process.wait_closed()
                        return said, self._has_ended()
                    said += piece
        except TimeoutError:
            pass
        except (OSError, asyncssh.Error) as error:
            raise _lost(self._session.account, error) from error
        return said, False

    def _has_ended(self) -> bool:
        if self._writing is not None:
            self._writing.cancel()
        if self._process.exit_status is None:
            raise _lost(self._session.account, None)
        self.code = self._process.exit_status
        return True

    def _split(self, said: bytes, *, is_over: bool) -> list[str]:
        before = self._bytes
        self._bytes += len(said)
        if before >= MOST_BYTES:
            return []
        text = self._rest + said
        parts = text.replace(b"\r", b"\n").split(b"\n")
        self._rest = b"" if is_over else parts.pop()
        if len(self._rest) > LONGEST_LINE:
            parts, self._rest = [*parts, self._rest], b""
        lines = [part[:LONGEST_LINE].decode("utf-8", "replace") for part in parts if part.strip()]
        if self._bytes >= MOST_BYTES:
            lines.append(_("(It says more than %(most)d MB; the rest is left out.)") % {"most": MOST_BYTES // 2**20})
        return lines


def _resolved(account: Account) -> str:
    """The address to connect to: looked up once, then held against the policy (T08, T09). Raises HostUnreachable."""
    try:
        return outbound.resolve(outbound.checked_host(account.address), account.port, allow_private=True)[0]
    except AddressRefused as refusal:
        raise HostUnreachable(account.host, refusal.detail, step=refusal.step, next=refusal.next) from refusal


def _algorithms(pinned: str) -> list[str]:
    """Which host keys to ask for: first those of the pinned key's type, so that a host with several shows that one;
    then the others, so that one that lost it can be told from one that does not answer."""
    kinds = {
        "ssh-ed25519": ["ssh-ed25519"],
        "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
        "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
        "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
        "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
    }
    first = kinds.pop(pinned.split(" ", maxsplit=1)[0], [])
    return [*first, *(name for names in kinds.values() for name in names)]


def _key_refused(account: Account, offered: str) -> HostUnreachable:
    if account.host_key:
        return HostKeyChanged(
            account.host,
            _("%(host)s shows the host key %(offered)s, but %(pinned)s was confirmed.")
            % {"host": account.host, "offered": fingerprint(offered), "pinned": fingerprint(account.host_key)},
            step="host_key",
            next=_("Somebody may be in between. If the machine was set up anew, confirm its new key."),
            offered=offered,
            offered_fingerprint=fingerprint(offered),
            confirmed_fingerprint=fingerprint(account.host_key),
        )
    return HostKeyUnknown(
        account.host,
        _("%(host)s shows the host key %(offered)s, which nobody has confirmed.")
        % {"host": account.host, "offered": fingerprint(offered)},
        step="host_key",
        next=_("Compare it with `ssh-keygen -lf` on the machine itself, then confirm it."),
        offered=offered,
        offered_fingerprint=fingerprint(offered),
    )


def _not_let_in(account: Account) -> HostUnreachable:
    by = _("the private key") if account.private_key else _("the password")
    return HostUnreachable(
        account.host,
        _("%(host)s does not let %(user)s in with %(by)s.") % {"host": account.host, "user": account.user, "by": by},
        step="authenticate",
        next=_("Check the account, and that the machine accepts this way of signing in."),
    )


def _no_answer(account: Account, why: str) -> HostUnreachable:
    return HostUnreachable(
        account.host,
        _("%(host)s does not answer at %(address)s port %(port)d: %(why)s.")
        % {"host": account.host, "address": account.address, "port": account.port, "why": why},
        step="connect",
        next=_("Check that the machine is up, its sshd runs and no firewall is in between."),
    )


def _lost(account: Account, error: BaseException | None) -> HostUnreachable:
    why = str(error)[:200] if error else _("it closed it")
    return HostUnreachable(
        account.host,
        _("The connection to %(host)s was lost: %(why)s.") % {"host": account.host, "why": why},
        step="run",
        next=_("What it was doing is looked at again as soon as it answers."),
    )


def _hangs(account: Account, what: str) -> HostUnreachable:
    return HostUnreachable(
        account.host,
        _("%(host)s took %(what)s and does not answer any more.") % {"host": account.host, "what": what},
        step="run",
        next=_("Look at the load and the disks of the machine."),
    )


async def _bye(connection: Any) -> None:
    connection.abort()
