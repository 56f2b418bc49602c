"""What lists count, in one form for one and another for several: "1 user", "2 users"."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import ngettext_lazy

# By what a template calls it. A language may have more than two forms, so that neither is made from the other.
NOUNS: dict[str, Promise] = {
    "channels": ngettext_lazy("channel", "channels"),
    "CI identities": ngettext_lazy("CI identity", "CI identities"),
    "clusters": ngettext_lazy("cluster", "clusters"),
    "deliveries": ngettext_lazy("delivery", "deliveries"),
    "entries": ngettext_lazy("entry", "entries"),
    "grants": ngettext_lazy("grant", "grants"),
    "identity providers": ngettext_lazy("identity provider", "identity providers"),
    "installs": ngettext_lazy("install", "installs"),
    "locks": ngettext_lazy("lock", "locks"),
    "releases": ngettext_lazy("release", "releases"),
    "robots": ngettext_lazy("robot", "robots"),
    "services": ngettext_lazy("service", "services"),
    "sinks": ngettext_lazy("sink", "sinks"),
    "sources": ngettext_lazy("source", "sources"),
    "teams": ngettext_lazy("team", "teams"),
    "tokens": ngettext_lazy("token", "tokens"),
    "users": ngettext_lazy("user", "users"),
}


def noun_for(name: str, count: int) -> str:
    """The noun of that name beside this number. Raises KeyError for one that is not listed."""
    return str(NOUNS[name] % count)
