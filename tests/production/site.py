"""A whole installation as docker-compose.yml describes it: its commands and settings, a real PostgreSQL, a real Redis
with password and TLS, each process as often as wanted. Nothing supervises them: what is killed stays dead.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests import postgres
from tests.production import compose

GIVEN = {"SLIPWAY_ALLOWED_HOSTS": "localhost,127.0.0.1"}
READY_SECONDS = 120


def redis_program() -> tuple[Path, str]:
    """A Redis or Valkey that speaks TLS, and the name to start it under.

    Debian's redis-server is a link to the file of another name in redis-tools; that package starts no service.
    """
    for name in ("valkey-server", "redis-server", "redis-check-rdb"):
        if found := shutil.which(name):
            return Path(found), name if name != "redis-check-rdb" else "redis-server"
    raise AssertionError("there is no Redis or Valkey with TLS: apt-get install redis-tools")


class Site:
    """The installation. Each process has a home of its own, as a container has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.database_port, self.redis_port = postgres.free_port(), postgres.free_port()
        self.sockets = Path(tempfile.gettempdir(), f"slipway-site-{os.getpid()}")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        self.stores: list[subprocess.Popen[bytes]] = []

    def start_stores(self) -> None:
        """Secrets by the script that the documentation names, then the database and the broker."""
        (self.folder / "static").mkdir()
        subprocess.run([compose.ROOT / "deploy/compose/make-secrets.sh", self.secrets], check=True, capture_output=True)
        self.stores.append(postgres.start(self.sockets, os.getpid(), port=self.database_port))
        password = (self.secrets / "database-password").read_text()
        self.sql(f"ALTER ROLE {postgres.USER} PASSWORD '{password}'", "CREATE DATABASE slipway")
        text = (self.secrets / "redis.conf").read_text()
        for name, entry in compose.document()["secrets"].items():
            text = re.sub(rf"/run/secrets/{name}$", str(self.secrets / Path(entry["file"]).name), text, flags=re.M)
        text = text.replace("tls-port 6379", f"tls-port {self.redis_port}").replace("dir /data", f"dir {self.folder}")
        program, name = redis_program()
        broker = subprocess.Popen([name, "-"], executable=program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert broker.stdin
        broker.stdin.write(text.encode())
        broker.stdin.close()
        self.stores.append(broker)

    def collect_static(self) -> None:
        """What the image's build does, with the settings it does it with."""
        own = {
            "SLIPWAY_LOCAL": "1",
            "SLIPWAY_HOME": str(self.folder / "build"),
            "SLIPWAY_STATIC": str(self.folder / "static"),
        }
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
        subprocess.run(collect, cwd=compose.ROOT, env={**kept, **own}, check=True, capture_output=True)

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the owner of the server."""
        for statement in statements:
            subprocess.run(
                [*self.pg("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement], check=True
            )

    def pg(self, program: str) -> list[str]:
        """One of PostgreSQL's own programs with the address of this server."""
        return [
            str(postgres.programs() / program),
            "-h",
            str(self.sockets),
            "-p",
            str(self.database_port),
            "-U",
            "slipway",
        ]

    def environment(self, name: str, service: str) -> dict[str, str]:
        hosts = {
            "@postgres:5432": f"@127.0.0.1:{self.database_port}",
            "//redis:6379": f"//localhost:{self.redis_port}",
            "0.0.0.0:9100": f"127.0.0.1:{self.port(f'{name}-metrics')}",
        }
        home = self.folder / name
        home.mkdir(exist_ok=True)
        own = {"SLIPWAY_HOME": str(home), "PORT": str(self.port(name)), "SLIPWAY_STATIC": str(self.folder / "static")}
        return {**compose.environment(service, GIVEN, self.secrets, hosts), **own}

    def port(self, name: str) -> int:
        return self.ports.setdefault(name, postgres.free_port())

    def start(self, name: str) -> None:
        """One process, `web-1` for the first of service `web`."""
        service = name.partition("-")[0]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "portal.serve", *compose.command(service)],
                cwd=compose.ROOT,
                env=self.environment(name, service),
                stdout=log,
                stderr=log,
            )

    def start_all(self, copies: int) -> None:
        """So many of each, and wait until every web process says that all is ready."""
        for number in range(1, copies + 1):
            for service in compose.PROCESSES:
                self.start(f"{service}-{number}")
        give_up = time.monotonic() + READY_SECONDS
        for number in range(1, copies + 1):
            while not self.is_ready(f"web-{number}"):
                for name, process in self.running.items():
                    assert process.poll() is None, f"{name} ended: {self.log(name)}"
                assert time.monotonic() < give_up, f"not ready after {READY_SECONDS} s: {self.log('web-1')}"
                time.sleep(0.2)

    def is_ready(self, name: str) -> bool:
        try:
            return httpx.get(f"{self.url(name)}/healthz/ready", timeout=10, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port(name)}"

    def manage(self, *arguments: str, given: str = "") -> str:
        """What a management command prints, started as the image starts it."""
        done = subprocess.run(
            [sys.executable, "-m", "portal.serve", *arguments],
            cwd=compose.ROOT,
            env=self.environment("once", "migrate"),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def alive(self, name: str) -> int:
        """The exit code of the image's health check in the container of that process."""
        environment = self.environment(name, name.partition("-")[0])
        asked = [sys.executable, "-m", "durable.alive"]
        return subprocess.run(asked, cwd=compose.ROOT, env=environment, check=False, capture_output=True).returncode

    def kill(self, name: str) -> None:
        """Without a chance to say good-bye."""
        process = self.running.pop(name)
        process.kill()
        process.wait(10)

    def stop_all(self) -> None:
        """Every process of Slipway, as `docker compose stop` does."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self.running):
            process = self.running.pop(name)
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def close(self) -> None:
        """Everything."""
        self.stop_all()
        for store in self.stores:
            store.terminate()
            store.wait(30)

    def whole_log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def log(self, name: str) -> str:
        return self.whole_log(name)[-3000:]
