"""The local broker: private, and no message lost by a kill."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from portal import valkey
from portal.run.home import SOCKET_PATH_LIMIT, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.open(tmp_path / "home")


@pytest.fixture
async def server(home: Home) -> AsyncIterator[subprocess.Popen[bytes]]:
    started = start(home, "right-password")
    await answering(home, "right-password")
    yield started
    started.kill()
    started.wait()


def start(home: Home, password: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([valkey.find_server(), "-"], stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(valkey.configuration(home.socket(), home.valkey, password))
    process.stdin.close()
    return process


async def answering(home: Home, password: str) -> None:
    async with asyncio.timeout(10):
        while not await valkey.answers(home.socket(), password):
            await asyncio.sleep(0.01)


async def test_it_takes_only_its_own_password(home: Home, server: subprocess.Popen[bytes]) -> None:
    assert await valkey.answers(home.socket(), "right-password")
    assert not await valkey.answers(home.socket(), "wrong-password")


async def test_it_listens_on_no_port(home: Home, server: subprocess.Popen[bytes]) -> None:
    async with redis.asyncio.from_url(valkey.url(home.socket(), "right-password")) as client:
        assert (await client.config_get("port"))["port"] == "0"
    assert home.socket().stat().st_mode & 0o077 == 0


async def test_what_was_pushed_survives_a_kill(home: Home, server: subprocess.Popen[bytes]) -> None:
    async with redis.asyncio.from_url(valkey.url(home.socket(), "right-password")) as client:
        await client.rpush("queue", *range(100))
    server.kill()
    server.wait()

    again = start(home, "right-password")
    try:
        await answering(home, "right-password")
        async with redis.asyncio.from_url(valkey.url(home.socket(), "right-password")) as client:
            assert await client.llen("queue") == 100
    finally:
        again.kill()
        again.wait()


def test_a_socket_path_too_long_for_the_system_moves_to_a_private_folder(tmp_path: Path) -> None:
    home = Home.open(tmp_path / ("x" * 120))

    socket = home.socket()

    assert len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT
    assert socket.parent.stat().st_mode & 0o077 == 0
    assert socket == home.socket()
    assert socket != Home.open(tmp_path / ("y" * 120)).socket()
    socket.parent.rmdir()


def test_a_short_folder_open_to_others_is_not_used(tmp_path: Path) -> None:
    home = Home.open(tmp_path / ("z" * 120))
    folder = home.socket().parent
    folder.chmod(0o755)

    with pytest.raises(PermissionError, match="not a private folder"):
        home.socket()

    folder.rmdir()
