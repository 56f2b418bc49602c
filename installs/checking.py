"""The checks of an install: hosts are read side by side, show each other their ports, and are judged as a whole.

A host that cannot be read is a finding like others; nothing here stops at the first.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from installs import probing
from installs.bundle import BundleRefused, open_bundle
from installs.checks import judge
from installs.desk import Desk
from installs.errors import HostUnreachable
from installs.facts import SCRIPT, parse
from installs.findings import is_same_finding
from installs.models import CheckRecord, Install, InstallHost
from installs.plain import config_of, fix_values, hosts_of, result_of
from installs.run_log import Log
from installs.shapes import CheckResult, Facts, Host, Surroundings
from installs.signing_in import Doors, note_offer
from installs.ssh import Session
from web.live import publish

MOST_AT_ONCE = 20
FACTS_SECONDS, PORTS_SECONDS = 90, 40
CLOCK_SAMPLES = 3
REGISTRY_SECONDS = 20
# What a host has once it joined a cluster.
_NODE = "/etc/kubernetes/kubelet.conf"


def read_hosts(
    desk: Desk, install: Install, doors: Doors, log: Log, *, only: Collection[str] = (), with_probes: bool = True
) -> dict[str, Any]:
    """Read the facts of the hosts (of `only`, where given) into their rows; answers what was probed, for `judge`."""
    everyone = [host.name for host in hosts_of(install)]
    wanted = [name for name in everyone if not only or name in only]
    # Ports are tried against all others, whoever is read anew.
    names = everyone if with_probes else wanted
    with contextlib.ExitStack() as open_sessions:
        sessions = {name: doors.open(name) for name in names}
        opened = desk.side_by_side({name: _opening(session) for name, session in sessions.items()}, most=MOST_AT_ONCE)
        for name, came in opened.items():
            if not isinstance(came, Exception):
                open_sessions.callback(sessions[name].close)
        live = {name: sessions[name] for name, came in opened.items() if not isinstance(came, Exception)}
        asked = {name: _reading(live[name]) for name in wanted if name in live}
        read = desk.side_by_side(asked, most=MOST_AT_ONCE)
        probes = _note(install, log, {**opened, **read})
        if with_probes:
            good = {name: one for name, one in live.items() if not isinstance(read.get(name), Exception)}
            probes["ports"] = _ports(desk, install, good)
            probes |= _registry(desk, install, good)
    return {**probes, **_bundle(install)}


def judge_all(install: Install, probes: Mapping[str, Any]) -> list[CheckResult]:
    """Every result, out of the facts in the rows and what was probed."""
    facts: dict[str, Facts | None] = {
        row.name: None if row.unreachable else row.facts for row in install.hosts.defer("credential")
    }
    kept = {row.name: row.unreachable for row in install.hosts.defer("credential") if row.unreachable}
    told = {**probes, "unreachable": {**kept, **probes.get("unreachable", {})}}
    if install.cluster_id is not None:
        told["members"] = [name for name, known in facts.items() if known and _NODE in known.get("leftovers", ())]
    surroundings = Surroundings(cluster_networks=_networks_of_others(install), portal_time=time.time())
    return judge(config_of(install), hosts_of(install), facts, told, surroundings)


def save_results(install: Install, results: Sequence[CheckResult], *, host: str = "", check: str = "") -> None:
    """Put the results in the place of those before; with `host` or `check` only what belongs to it. What somebody took
    on stays taken on while the finding is the same."""
    wanted = [each for each in results if (not host or each.host in (host, "")) and (not check or each.check == check)]
    before = {(row.host, row.check_name): row for row in install.checks.all()}
    with atomic():
        if not host and not check:
            kept = {(each.host, each.check) for each in wanted}
            install.checks.filter(pk__in=[row.pk for key, row in before.items() if key not in kept]).delete()
        for each in wanted:
            row = before.get((each.host, each.check))
            if row is not None and row.acknowledged_at and not is_same_finding(result_of(row), each):
                row.acknowledged_by, row.acknowledged_reason, row.acknowledged_at = None, "", None
            _put(row or CheckRecord(install=install, host=each.host, check_name=each.check), each)
        publish(f"install:{install.pk}")


def _put(row: CheckRecord, result: CheckResult) -> None:
    row.severity, row.status, row.kubeadm_name, row.doc = (
        result.severity,
        result.status,
        result.kubeadm_name,
        result.doc,
    )
    row.observed, row.expected, row.at = result.observed, result.expected, timezone.now()
    row.fix = fix_values(result.fix)
    row.save()


def _opening(session: Session) -> Callable[[], None]:
    def do() -> None:
        session.__enter__()

    return do


def _reading(session: Session) -> Callable[[], tuple[Facts, dict[str, float] | None]]:
    """Facts and clock of one host."""

    def do() -> tuple[Facts, dict[str, float] | None]:
        samples = []
        for _number in range(CLOCK_SAMPLES):
            before = time.time()
            said = session.run(probing.CLOCK_SCRIPT, seconds=10)
            samples.append((before, said.output, time.time()))
        return parse(session.run(SCRIPT, seconds=FACTS_SECONDS).output), probing.clock(samples)

    return do


def _note(install: Install, log: Log, came: Mapping[str, Any]) -> dict[str, Any]:
    """Facts, or why there are none, into the rows; the probes that came with them."""
    probes: dict[str, Any] = {"unreachable": {}, "host_keys": {}, "privileges": {}, "clocks": {}}
    for name, result in came.items():
        rows = InstallHost.objects.filter(install=install, name=name)
        if isinstance(result, HostUnreachable):
            reason = log.masked(f"{result.detail} {result.next}".strip())
            rows.update(facts=None, unreachable=reason, seen_at=timezone.now())
            note_offer(install, result)
            probes["unreachable"][name] = reason
            if kind := {"host_key": "host_keys", "privileges": "privileges"}.get(result.step):
                probes[kind][name] = reason
            log.say(reason, host=name)
        elif isinstance(result, Exception):
            raise result
        elif result is not None:
            facts, clock = result
            rows.update(facts=facts, unreachable="", seen_at=timezone.now())
            probes["clocks"][name] = clock
            log.say(_("read"), host=name)
    return probes


def _ports(desk: Desk, install: Install, sessions: Mapping[str, Session]) -> dict[str, Any]:
    """Which host reaches which port of which other, by trying."""
    config, hosts = config_of(install), {host.name: host for host in hosts_of(install)}

    def said(script_of: Callable[[Host], str]) -> dict[str, str]:
        def asking(name: str) -> Callable[[], str]:
            return lambda: sessions[name].run(script_of(hosts[name]), seconds=PORTS_SECONDS).output

        came = desk.side_by_side({name: asking(name) for name in sessions}, most=MOST_AT_ONCE)
        return {name: output for name, output in came.items() if isinstance(output, str)}

    everyone = list(hosts.values())
    facts = dict(install.hosts.values_list("name", "facts"))
    targets = {name: probing.targets_of(config, hosts[name], everyone, facts) for name in sessions}
    try:
        listening = said(lambda host: probing.listening_script(probing.ports_of(config, host)))
        reaching = said(lambda host: probing.reaching_script(targets[host.name]))
    finally:
        # kubeadm would find its ports taken.
        said(lambda _host: probing.STOP_SCRIPT)
    return probing.read(listening, reaching, targets)


def _registry(desk: Desk, install: Install, sessions: Mapping[str, Session]) -> dict[str, Any]:
    """Whether each host knows and reaches the registry that images come from; nothing is asked with a bundle."""
    config = config_of(install)
    if config.bundle:
        return {}
    name = probing.registry_of(config).partition(":")[0]

    def asking(session: Session) -> Callable[[], tuple[dict[str, str], str | None]]:
        def do() -> tuple[dict[str, str], str | None]:
            names = session.run(probing.names_script([name]), seconds=REGISTRY_SECONDS).output
            answer = session.run(probing.registry_script(config), seconds=REGISTRY_SECONDS).output
            return probing.read_names(names, [name]), probing.read_registry(answer)

        return do

    came = desk.side_by_side({host: asking(one) for host, one in sessions.items()}, most=MOST_AT_ONCE)
    found = {host: result for host, result in came.items() if isinstance(result, tuple)}
    return {
        "names": {host: names for host, (names, _answer) in found.items()},
        "images": {host: answer for host, (_names, answer) in found.items()},
    }


def _bundle(install: Install) -> dict[str, Any]:
    """Why the offline bundle cannot be used, "" when every file of it is what its manifest says."""
    name = config_of(install).bundle
    if not name:
        return {}
    try:
        opened = open_bundle(name)
        opened.verify()
    except BundleRefused as refusal:
        return {"bundle": refusal.detail}
    return {"bundle": "", "bundle_architecture": opened.architecture}


def _networks_of_others(install: Install) -> dict[str, tuple[str, ...]]:
    """The pod and service networks of the other clusters that were made here."""
    others = Install.objects.exclude(pk=install.pk).exclude(Q(cluster=None)).select_related("cluster").defer("secrets")
    return {
        each.cluster.name: tuple(
            part for name in ("pod_cidr", "service_cidr") for part in str(each.config.get(name, "")).split(",") if part
        )
        for each in others
        if each.cluster is not None
    }
