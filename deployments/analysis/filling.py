"""From the text of a template to the PromQL that is sent: placeholders filled, held to the target's namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import promql_parser
from django.utils.translation import gettext as _

from clusters.promql import BadQuery, forced
from deployments.engine.strategies import AnalysisTemplate

PLACEHOLDERS = ("service", "namespace", "stable", "canary", "window")
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
# Of such letters Kubernetes makes the ending of a Pod's name: the Pods of `web-5d` are told from those of `web-5d-x`.
_ENDING = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_LONGEST_POD_BASE = 58
_NOBODY = "-"


@dataclass(frozen=True)
class Where:
    """What is measured: `new` and `old` are the names of ReplicaSets, `window` is how far back is looked."""

    service: str
    namespace: str
    workload: str
    new: tuple[str, ...]
    old: tuple[str, ...]
    window: timedelta

    @property
    def turned(self) -> Where:
        """The same for the old version, as if it were the new one."""
        return replace(self, new=self.old, old=self.new)


EXAMPLE = Where("web", "shop", "web", ("web-5d4f8c7b9d",), ("web-7c6d5b4f88",), timedelta(seconds=60))


def filled(query: str, template: AnalysisTemplate, where: Where) -> str:
    """The PromQL to send. Raises BadQuery when it cannot be read, held to the namespace, or gives no single values.

    What is filled in are names that Kubernetes allows, so there is nothing to escape: in a regular expression only the
    dot has a meaning, and it is put in brackets.
    """
    values = {
        "service": where.service,
        "namespace": where.namespace,
        "stable": _versions(where.old, where.workload, template.version_label),
        "canary": _versions(where.new, where.workload, template.version_label),
        "window": f"{max(1, round(where.window.total_seconds()))}s",
    }

    def value_of(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
            raise BadQuery(
                _("“%(name)s” is no placeholder. There are: %(known)s.") % {"name": found[0][:40], "known": known}
            )
        return values[found[1]]

    text = forced(_PLACEHOLDER.sub(value_of, query), [where.namespace])
    _refuse_ranges(text)
    return text


def compares_both(query: str) -> bool:
    """Whether the query itself looks at the old version too, so that there is no second value to show beside it."""
    return any(found[1] == "stable" for found in _PLACEHOLDER.finditer(query))


def tells_versions_apart(query: str) -> bool:
    """Whether the query asks for the new version alone."""
    return any(found[1] == "canary" for found in _PLACEHOLDER.finditer(query))


def _versions(replica_sets: Iterable[str], workload: str, label: str) -> str:
    """A regular expression of the label's values: Pod names, or the hash that ends the name of a ReplicaSet."""
    names = sorted(replica_sets)
    if label == "pod":
        found = [f"{_literal(f'{name}-'[:_LONGEST_POD_BASE])}{_ENDING}" for name in names]
    else:
        found = [_literal(name.removeprefix(f"{workload}-").rpartition("-")[2]) for name in names]
    return "|".join(found) or _NOBODY


def _literal(name: str) -> str:
    return name.replace(".", "[.]")


def _refuse_ranges(text: str) -> None:
    expression = promql_parser.parse(text)
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
        raise BadQuery(
            _("The query gives series over time (a matrix); one value is needed."),
            next=_("Put a function such as rate() or avg_over_time() around it."),
        )
    if isinstance(expression, promql_parser.StringLiteral):
        raise BadQuery(_("The query gives a text; one value is needed."))
