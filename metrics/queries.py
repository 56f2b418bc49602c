"""What may be asked about metrics: the golden signals of a target, a release and a cluster, and PromQL of people.

Every query passes `clusters.promql.forced` with the namespaces in question, our own ones too; only an admin's own
PromQL is sent as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clusters.grants import namespaces_for
from clusters.models import Cluster
from clusters.promql import checked, forced
from deployments.models import Release
from deployments.queries import new_replica_sets
from metrics import golden
from metrics.answers import Answer, Answers, ask, ask_one, why_nothing
from metrics.golden import Signal
from metrics.markers import Marker, markers_of
from metrics.panels import MOST_LINES, Line, Panel, lines_by, one_line
from metrics.windows import Window
from services.models import Service, Target

if TYPE_CHECKING:
    from accounts.models import User

LATENCIES = (golden.LATENCY_P50, golden.LATENCY_P95, golden.LATENCY_P99)
_COMPARED = (golden.REQUEST_RATE, golden.ERROR_RATIO, golden.LATENCY_P95, golden.CPU, golden.MEMORY)
_BY_NAMESPACE = (golden.REQUEST_RATE, golden.ERROR_RATIO, golden.CPU, golden.MEMORY)
_TONES = 8


@dataclass(frozen=True)
class Signals:
    """The golden signals of one target as Prometheus gave them: query and answer by the name of the signal."""

    window: Window
    queries: Mapping[str, str]
    answers: Answers
    markers: list[Marker]
    no_data: Mapping[str, str]


@dataclass(frozen=True)
class Board:
    """The panels of a page. `trouble` says why Prometheus as a whole told nothing, `next` what to do about it.

    `share` is the share of requests that the new version answers at the end of the time, in percent; None where nothing
    was asked of it or no version can be told from the other.
    """

    window: Window
    panels: list[Panel]
    as_of: datetime
    trouble: str = ""
    next: str = ""
    markers: list[Marker] = field(default_factory=list)
    note: str = ""
    share: float | None = None


def targets_of(service: Service) -> list[Target]:
    """Where the service runs, in the order of the environments, with what a board asks of each. One query."""
    return list(Target.objects.filter(service=service).select_related("service", "environment", "cluster"))


def target_in(service: Service, environment: str = "") -> Target | None:
    """Where the service runs in the environment, by default the last one in order; None where it does not."""
    found = targets_of(service)
    if not environment:
        return found[-1] if found else None
    return next((target for target in found if target.environment.name == environment), None)


def service_signals(target: Target, window: Window) -> Signals:
    """What Prometheus says of the Pods of a target's workload. One query of ours, seven of Prometheus."""
    of = golden.pods_of(target.namespace, target.workload)
    queries = _held({one.name: one.promql(of, step_seconds=window.step) for one in golden.SIGNALS}, [target.namespace])
    answers = ask(target.cluster, queries, window)
    no_data = {one.name: _why(answers, one.name, one, _whose(target)) for one in golden.SIGNALS}
    return Signals(window, queries, answers, markers_of(target, window), no_data)


def service_board(target: Target, window: Window) -> Board:
    """Requests, errors, latency, CPU and memory of a target."""
    signals = service_signals(target, window)

    def line(signal: Signal, tone: str) -> list[Line]:
        return one_line(signal.title, tone, signals.answers.by_name[signal.name].series, window, signal.unit)

    panels = [
        Panel(
            key=one.name,
            title=one.title,
            unit=one.unit,
            window=window,
            lines=line(one, "1"),
            markers=signals.markers,
            no_data=signals.no_data[one.name],
        )
        for one in golden.SIGNALS
        if one not in LATENCIES
    ]
    latency = Panel(
        key="latency",
        title=_("Latency"),
        unit="seconds",
        window=window,
        lines=[drawn for number, one in enumerate(LATENCIES, 1) for drawn in line(one, str(number))],
        markers=signals.markers,
        no_data=signals.no_data[golden.LATENCY_P95.name],
    )
    panels.insert(2, latency)
    return _board(window, panels, signals.answers, signals.markers)


def release_board(release: Release, window: Window) -> Board:
    """The same signals, the Pods of the new version beside those of the old."""
    target = release.target
    sets = new_replica_sets(release)
    kinds = {"new": (golden.pods_of_sets(target.namespace, sets), release.label)} if sets else {}
    old = release.from_revision.label if release.from_revision else _("before")
    kinds["old"] = (
        (golden.other_pods(target.namespace, target.workload, sets), old)
        if sets
        else (golden.pods_of(target.namespace, target.workload), _("all Pods"))
    )
    queries = {
        f"{one.name} {kind}": one.promql(of, step_seconds=window.step)
        for one in _COMPARED
        for kind, (of, _label) in kinds.items()
    }
    answers = ask(target.cluster, _held(queries, [target.namespace]), window)
    markers = markers_of(target, window)
    panels = []
    for one in _COMPARED:
        lines = [
            drawn
            for kind, (_of, label) in kinds.items()
            for drawn in one_line(label, kind, answers.by_name[f"{one.name} {kind}"].series, window, one.unit)
        ]
        title = _("Latency p95") if one is golden.LATENCY_P95 else one.title
        no_data = "" if lines else _why(answers, f"{one.name} old", one, _whose(target))
        panels.append(Panel(one.name, title, one.unit, window, lines, markers, no_data))
    note = "" if sets else _without_sets(release)
    return replace(_board(window, panels, answers, markers), note=note, share=_share(panels[0]))


def _without_sets(release: Release) -> str:
    if release.ended:
        return _("Its ReplicaSet is not known any more, so new and old Pods are one line.")
    return _("Its ReplicaSet is not known yet, so new and old Pods are one line.")


def _share(requests: Panel) -> float | None:
    """What of all requests goes to the new version, by the newest point at which anything was asked."""
    lines = {line.tone: line.values for line in requests.lines}
    if "new" not in lines:
        return None
    olds = lines.get("old") or [None] * len(lines["new"])
    for new, old in zip(reversed(lines["new"]), reversed(olds), strict=False):
        if (new or 0) + (old or 0) > 0:
            return 100 * (new or 0) / ((new or 0) + (old or 0))
    return None


def cluster_board(user: User, cluster: Cluster, window: Window) -> Board:
    """Requests, errors, CPU and memory by namespace: those the person may see, the busiest of them."""
    namespaces = namespaces_for(user, cluster)
    if namespaces is not None and not namespaces:
        return Board(window, [], window.ends, _("No namespace of this cluster is granted to a team of yours."))
    queries = {
        one.name: one.promql_by("namespace", golden.everywhere(), step_seconds=window.step, most=MOST_LINES)
        for one in _BY_NAMESPACE
    }
    answers = ask(cluster, _held(queries, namespaces), window)
    drawn = {
        one.name: lines_by("namespace", answers.by_name[one.name].series, window, one.unit) for one in _BY_NAMESPACE
    }
    tones = _tones({str(line.label) for lines in drawn.values() for line in lines})
    panels = [
        Panel(
            key=one.name,
            title=one.title,
            unit=one.unit,
            window=window,
            lines=[replace(line, tone=tones[str(line.label)]) for line in drawn[one.name]],
            no_data=_why(answers, one.name, one, _("the namespaces that you may see")),
        )
        for one in _BY_NAMESPACE
    ]
    return _board(window, panels, answers, [])


def promql(user: User, cluster: Cluster, query: str, window: Window) -> tuple[str, Answer, datetime]:
    """PromQL of a person: what was sent, the answer, and when it was given.

    Raises BadQuery, and what clusters.prometheus raises.
    """
    sent = checked(query) if user.is_admin else forced(query, namespaces_for(user, cluster))
    answer, at = ask_one(cluster, sent, window)
    return sent, answer, at


def _held(queries: Mapping[str, str], namespaces: Collection[str] | None) -> dict[str, str]:
    return {name: forced(query, namespaces) for name, query in queries.items()}


def _board(window: Window, panels: list[Panel], answers: Answers, markers: list[Marker]) -> Board:
    return Board(window, panels, answers.as_of, answers.trouble, answers.next, markers)


def _why(answers: Answers, name: str, signal: Signal, whose: str) -> str:
    what = _("%(metric)s of %(whose)s in this time") % {"metric": signal.metric, "whose": whose}
    return why_nothing(answers, answers.by_name[name], what)


def _whose(target: Target) -> str:
    return _("Pods of %(workload)s in namespace %(namespace)s") % {
        "workload": target.workload,
        "namespace": target.namespace,
    }


def _tones(names: Collection[str]) -> dict[str, str]:
    """A colour for each name, the same in every panel of a page."""
    return {name: str(number % _TONES + 1) for number, name in enumerate(sorted(names))}
