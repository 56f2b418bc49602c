from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from web.palette import Found


class WebConfig(AppConfig):
    name = "web"

    def ready(self) -> None:
        """Let administrators find the gallery, and the gallery show what a live region does."""
        from web import live, palette

        live.register_topic("gallery", lambda user, topic: bool(getattr(user, "is_admin", False)))
        palette.add("gallery", palette.Source(_("For builders"), find_gallery, order=100))


def find_gallery(user: Any, words: str) -> Iterator[Found]:
    """The gallery, for administrators who name it."""
    from django.urls import reverse

    from web.palette import Found, matches

    label = str(_("Gallery of parts"))
    if words and getattr(user, "is_admin", False) and matches(label, words):
        yield Found(label, reverse("gallery"), "layers")
