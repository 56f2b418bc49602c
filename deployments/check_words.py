"""The checks that a release asks of the API server, in words: by name within a sentence, and as the question put."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_NAMES = {
    "template": _("the new template"),
    "pod": _("a pod made from the new template"),
    "quota": _("room in the quota"),
}
_QUESTIONS = {
    "template": _("Would it take the new template?"),
    "pod": _("Would it take a pod made from it (limits, quota, policies)?"),
    "quota": _("Does the quota have room for the pods that come on top?"),
}


def check_name(name: str) -> str:
    """What a check is called in a sentence; one that this version does not know is called what it calls itself."""
    return str(_NAMES.get(name, name))


def check_question(name: str) -> str:
    """What a check asks of the API server; one that this version does not know is called what it calls itself."""
    return str(_QUESTIONS.get(name, name))
