"""Screens are reached by URL tables alone, so that no rule can hide in one."""

from __future__ import annotations

from pathlib import Path

from tests.house.files import ROOMS, imported_modules, module_name, python_files

SCREENS = ("views", "api", "serializers")
URL_TABLES = {"urls", "api_urls"}
# Not screens in spite of the name: the base classes that screens inherit from.
BASES = {"web.api"}


def screen_of(module: str) -> str | None:
    """`deployments.views.release` belongs to the screen `deployments.views`; most modules belong to none."""
    room, *rest = module.split(".")
    if room not in ROOMS or not rest or rest[0] not in SCREENS:
        return None
    screen = f"{room}.{rest[0]}"
    return None if screen in BASES else screen


def may_import(file: Path, screen: str) -> bool:
    """URL tables, the asgi routes, and the screens of the same room."""
    own = screen_of(module_name(file))
    if own is not None:
        return own.split(".")[0] == screen.split(".", maxsplit=1)[0]
    return file.stem in URL_TABLES or file == Path("portal/asgi.py")


def test_only_url_tables_import_screens() -> None:
    found = {
        f"{file} imports {screen}"
        for file, tree in python_files(*ROOMS)
        for module in imported_modules(file, tree)
        if (screen := screen_of(module)) and not may_import(file, screen)
    }
    assert found == set()
