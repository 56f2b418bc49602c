"""What is wrong with a strategy, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.engine.json import Json
from deployments.engine.read_strategy import Problem, StrategyInvalid, read_strategy


def problem_words(problem: Problem) -> str:
    """The sentence of one problem that `read_strategy` found."""
    words = {
        "unknown_field": _("There is no field “%(name)s” here."),
        "unknown_strategy": _("The strategy “%(type)s” is not offered. Use rolling, canary or blue_green."),
        "not_an_amount": _("Give a number of pods, or a percentage such as “25%%”."),
        "both_zero": _("max_surge and max_unavailable can't both be 0: no pod could ever be replaced."),
        "not_in_range": _("Give a whole number between %(least)s and %(most)s."),
        "not_a_choice": _("Choose one of: %(choices)s."),
        "needs_router": _("A fixed number of canary pods needs a router: by replicas the share of pods is the weight."),
        "sticky_needs_router": _("A cookie needs a router: by replicas nothing stands between users and pods."),
        "not_a_cookie": _("Give the name of a cookie: letters, digits and hyphens."),
        "no_steps": _("Give a list of at least one step."),
        "too_many_steps": _("%(count)s steps are too many; a release has at most %(most)s."),
        "no_weight": _("No step gives the new version a share: add a set_weight."),
        "not_a_step": _("A step is an object with exactly one of: %(kinds)s."),
        "weight_goes_down": _("%(weight)s %% comes after %(before)s %%: weights never go down. Abort does that."),
        "whole_weight_is_last": _("100 %% is the end of a canary: no step comes after it."),
        "step_needs_router": _("%(kind)s needs a router; by replicas there is nothing that could tell requests apart."),
        "nginx_cannot_mirror": _("The nginx ingress can't mirror requests of a canary. Use istio or gateway_api."),
        "not_names": _("Give a list of names of analysis templates."),
        "templates_once": _("Name each template once, at most %(most)s of them."),
        "not_a_name": _("Give a name of small letters, digits and hyphens."),
        "not_a_match": _("Give a header, and one of exact, prefix or regex, as texts."),
        "not_an_object": _("Give an object here."),
        "not_a_percentage": _("Give a whole number between 0 and 100."),
    }
    return words[problem.code] % problem.params


def strategy_name(strategy: Json) -> str:
    """A strategy in a few words: "Canary by Istio", "Blue-green", "Rolling update"."""
    kind = strategy.get("type")
    if kind == "canary":
        routers = {
            "replicas": _("Canary by replicas"),
            "istio": _("Canary by Istio"),
            "gateway_api": _("Canary by Gateway API"),
            "nginx": _("Canary by nginx ingress"),
        }
        return routers.get(str(strategy.get("traffic", "replicas")), _("Canary"))
    return _("Blue-green") if kind == "blue_green" else _("Rolling update")


def strategy_findings(strategy: Json) -> list[tuple[str, str]]:
    """What is wrong with a strategy: the JSON pointer below it and a sentence, for each problem."""
    try:
        read_strategy(strategy)
    except StrategyInvalid as error:
        return [(one.pointer.removeprefix("/strategy"), problem_words(one)) for one in error.problems]
    return []
