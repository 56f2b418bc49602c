"""What is wrong with a strategy, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.engine.spec import Problem


def problem_words(problem: Problem) -> str:
    """The sentence of one problem that `read_strategy` found."""
    words = {
        "unknown_field": _("A rolling strategy has no field “%(name)s”."),
        "unknown_strategy": _("The strategy “%(type)s” is not offered. Use “rolling”."),
        "not_an_amount": _("Give a number of pods, or a percentage such as “25%%”."),
        "both_zero": _("max_surge and max_unavailable can't both be 0: no pod could ever be replaced."),
        "not_in_range": _("Give seconds between 1 and %(most)s."),
        "not_a_choice": _("Choose one of: %(choices)s."),
    }
    return words[problem.code] % problem.params
