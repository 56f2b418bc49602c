"""The Lucide icons that pages may use, listed in icons.txt; `manage.py vendor_assets` cuts static/icons.svg from it."""

from pathlib import Path

ICONS = frozenset((Path(__file__).parent / "icons.txt").read_text(encoding="utf-8").split())
