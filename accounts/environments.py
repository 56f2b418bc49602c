"""The environments that a role can be held for. Their rows are of an upper room, which says which there are."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from web.errors import Invalid

# Filled in `AppConfig.ready` of the room that has the rows.
sources: list[Callable[[], list[str]]] = []


def environment_names() -> list[str]:
    """The names of all environments, in their order."""
    return [name for source in sources for name in source()]


def require_environment(name: str) -> None:
    """Raises Invalid for a name that no environment has; "" stands for all of them."""
    if name and name not in (known := environment_names()):
        detail = _("There is no environment “%(name)s”. There are: %(known)s.")
        raise Invalid.at(
            "/environment", "does_not_exist", detail % {"name": name[:63], "known": ", ".join(known) or "-"}
        )
