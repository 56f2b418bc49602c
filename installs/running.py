"""One pass over one run: take it, see how far it came, go on from there, write down each thing before and after it.

1. preflight: hosts are read and judged.
2. fix: the commands that were confirmed, then the hosts are judged again.
3. everything else: fixes that were asked for, a last look at the hosts, the plan as rows, then its steps: stage by
   stage, the hosts of a stage side by side, the steps of a host in order.

Level-triggered: a pass that comes after a kill finds the rows as they were saved, and asks each host by the step's
probe before it does anything again. A pass holds a thread of the worker for as long as it can go on; two leave the
others to releases, and a run that finds both taken waits for the next sweep.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from durable.row_lease import Held, LeaseLost, RowLease, give_back
from installs import bundle
from installs.checking import judge_all, read_hosts, save_results
from installs.desk import Desk, Stopped
from installs.grammar import Malformed
from installs.models import Install, InstallRun, InstallStep
from installs.on_host import carry_out
from installs.plain import acknowledged_of, config_of, hosts_of, step_of, step_values
from installs.plan import plan
from installs.registering import register
from installs.run_end import blockers, end
from installs.run_log import Log
from installs.shapes import Step
from installs.signing_in import Doors, doors_of
from installs.stepping import Work
from web.errors import SlipwayError

# A thread that waits for hosts is one that no release can have; the pool has eight.
MOST_AT_ONCE = 2
MOST_HOSTS_AT_ONCE = 5
# How long a host may stay away in the middle of a run before its step is given up.
PATIENCE_SECONDS = 90.0
AGAIN_SECONDS = 5.0
FIX_SECONDS = 300
FIX_STAGE, FIX_PREFIX = 0, "fix."

LEASE = RowLease(InstallRun, seconds=20.0, running=InstallRun.State.RUNNING, most_at_once=MOST_AT_ONCE)
log = structlog.get_logger(__name__)


class Ended(Exception):
    """The run cannot go on, for a reason that is told."""


def due() -> list[UUID]:
    """The runs that somebody should look at now, the oldest first."""
    return LEASE.due()


def advance(run_id: UUID | str) -> None:
    """Bring one run on as far as it goes. A worker that is busy leaves it to the next sweep."""
    LEASE.in_turn(run_id, _guarded)


def _guarded(held: Held) -> None:
    """One pass, with whatever stops it turned into the row's words."""
    run = InstallRun.objects.select_related("install", "created_by").get(pk=held.pk)
    desk = Desk(held)
    told = Log(run)
    try:
        _Pass(run, desk, told).go()
    except LeaseLost:
        log.warning("install_run.lease_lost", run=str(run.pk))
    except Ended as ended:
        end(held, run, InstallRun.State.FAILED, told.masked(str(ended)), told)
    except Stopped:
        if desk.is_lost.is_set():
            log.warning("install_run.lease_lost", run=str(run.pk))
        else:
            end(held, run, InstallRun.State.CANCELLED, _("It was cancelled."), told)
    except (SlipwayError, Malformed) as error:
        end(held, run, InstallRun.State.FAILED, told.masked(_words(error)), told)
    except Exception as error:
        log.exception("install_run.broken", run=str(run.pk))
        why = _("Slipway could not go on (%(kind)s); its log tells more.") % {"kind": type(error).__name__}
        end(held, run, InstallRun.State.FAILED, why, told)
    else:
        end(held, run, InstallRun.State.SUCCEEDED, "", told)
    # Harmless when it has ended; else the next sweep finds it at once.
    give_back(held, look_again_in=0)


class _Pass:
    """What one pass works with."""

    def __init__(self, run: InstallRun, desk: Desk, told: Log) -> None:
        self.run, self.desk, self.log = run, desk, told
        self.install: Install = run.install
        self.doors: Doors = doors_of(self.install)
        told.hide(self.doors.secrets)
        told.hide((self.install.secrets or {}).values())

    def go(self) -> None:
        """Raises Ended, Stopped, LeaseLost, SlipwayError."""
        self.desk.look_now()
        kinds = InstallRun.Kind
        if self.run.kind == kinds.PREFLIGHT:
            self._check(host=self.run.asked.get("host", ""), check=self.run.asked.get("check", ""))
            return
        if self.run.asked.get("fixes"):
            self._fix()
        if self.run.kind == kinds.FIX:
            self._check()
            self._refuse_failed()
            return
        if not self.run.steps.exclude(key__startswith=FIX_PREFIX).exists():
            self._refuse_failed()
            self._look_and_plan()
        elif self.run.asked.get("plan_again"):
            self._plan_again()
        self._give_again()
        self._carry_out(self.run.steps.exclude(key__startswith=FIX_PREFIX).order_by("number"))

    def _check(self, *, host: str = "", check: str = "", hosts: Sequence[str] = ()) -> None:
        """Read and judge; with `host` that one alone is read anew."""
        self.log.say(_("checking"))
        only = [host] if host else hosts
        probes = read_hosts(self.desk, self.install, self.doors, self.log, only=only)
        self.desk.look_now()
        save_results(self.install, judge_all(self.install, probes), host=host, check=check)

    def _fix(self) -> None:
        """Run the fixes that were confirmed, as they were shown."""
        if not self.run.steps.filter(key__startswith=FIX_PREFIX).exists():
            self._keep([_fix_step(fix) for fix in self.run.asked["fixes"]], first=1)
        self._carry_out(self.run.steps.filter(key__startswith=FIX_PREFIX).order_by("number"), to_the_end=True)

    def _look_and_plan(self) -> None:
        """Facts as they are now, held against what was acknowledged; then the plan, as rows."""
        kinds, kind = InstallRun.Kind, self.run.kind
        if kind in (kinds.INSTALL, kinds.ADD_NODES):
            self._check()
            about = self.run.asked.get("hosts") if kind == kinds.ADD_NODES else None
            if found := blockers(self.install, about):
                names = ", ".join(f"{row.check_name} ({row.host})" for row in found[:10])
                raise Ended(
                    _("Checks are in the way: %(names)s. Mend them or take them on, then retry.") % {"names": names}
                )
        else:
            # A machine that is gone keeps the facts that it had: its address in the cluster is one of them.
            gone = self.run.asked.get("host") if self.run.asked.get("gone") else None
            there = [host.name for host in hosts_of(self.install) if host.name != gone]
            read_hosts(self.desk, self.install, self.doors, self.log, only=there, with_probes=False)
        steps = self._planned()
        self._keep(steps, first=self.run.steps.count() + 1)
        self.log.say(_("%(count)d steps are planned") % {"count": len(steps)})

    def _planned(self) -> list[Step]:
        """The plan, out of what the rows say now."""
        facts = {row.name: row.facts or {} for row in self.install.hosts.defer("credential")}
        taken_on = acknowledged_of(self.install)
        config, hosts = config_of(self.install), hosts_of(self.install)
        return plan(self.run.kind, config, hosts, facts, taken_on, self.run.asked)

    def _plan_again(self) -> None:
        """The plan of a retry: a step that is the same and was done stays done, every other one is looked at again."""
        steps = [step_values(step) for step in self._planned()]
        before = {row.key: row for row in self.run.steps.exclude(key__startswith=FIX_PREFIX)}
        first = self.run.steps.filter(key__startswith=FIX_PREFIX).count() + 1
        rows = []
        for number, values in enumerate(steps, start=first):
            row, was = InstallStep(run=self.run, number=number, **values), before.get(values["key"])
            if was is not None:
                row.started_at, row.attempts = was.started_at, was.attempts
                # As JSON it comes back: tuples of the plan are lists there.
                is_same = json.loads(json.dumps(row.plan)) == was.plan and row.host == was.host
                if is_same and was.state == InstallStep.State.SUCCEEDED:
                    row.state, row.was_done_before, row.ended_at = was.state, was.was_done_before, was.ended_at
            rows.append(row)
        self.desk.look_now()
        self.run.asked = {name: value for name, value in self.run.asked.items() if name != "plan_again"}
        with atomic():
            self.run.steps.exclude(key__startswith=FIX_PREFIX).delete()
            InstallStep.objects.bulk_create(rows)
            InstallRun.objects.filter(pk=self.run.pk).update(asked=self.run.asked)

    def _keep(self, steps: Sequence[Step], *, first: int) -> None:
        """The plan as rows, all or none."""
        self.desk.look_now()
        with atomic():
            InstallStep.objects.bulk_create(
                InstallStep(run=self.run, number=number, **step_values(step))
                for number, step in enumerate(steps, start=first)
            )

    def _give_again(self) -> None:
        """Steps whose secrets are needed and were forgotten, or lost with a worker, are done again."""
        held = set(self.install.secrets or {})
        rows = list(self.run.steps.order_by("number"))
        left = [row for row in rows if row.state != InstallStep.State.SUCCEEDED]
        wanted = {name for row in left for name in row.plan.get("needs", ())} - held
        again = [
            row.pk
            for row in rows
            if row.state == InstallStep.State.SUCCEEDED and wanted & set(row.plan.get("gives", ()))
        ]
        InstallStep.objects.filter(pk__in=again).update(state=InstallStep.State.PENDING, attempts=0, started_at=None)

    def _carry_out(self, rows: Any, *, to_the_end: bool = False) -> None:
        """All stages in order. Raises Ended at the end of the first one in which a host failed."""
        work = Work(self.desk, self.install, self.log, self._bundle())
        for _stage, in_stage in groupby(list(rows), key=lambda row: row.stage):
            left = [row for row in in_stage if row.state != InstallStep.State.SUCCEEDED]
            by_host: dict[str, list[InstallStep]] = {}
            for row in left:
                by_host.setdefault(row.host, []).append(row)
            jobs: dict[str, Callable[[], None]] = {}
            for host, mine in by_host.items():
                if any(row.plan["kind"] == "register" for row in mine):
                    self._at_the_desk(work, mine)
                else:
                    jobs[host] = self._on_host(work, host, mine)
            came = self.desk.side_by_side(jobs, most=MOST_HOSTS_AT_ONCE)
            for error in came.values():
                if isinstance(error, Exception) and not isinstance(error, Stopped):
                    raise error
            if self.desk.is_cancelled.is_set():
                raise Stopped
            if not to_the_end:
                self._refuse_failed()
        self._refuse_failed()

    def _on_host(self, work: Work, host: str, rows: Sequence[InstallStep]) -> Callable[[], None]:
        """The steps of one host in one stage, for its thread."""

        def do() -> None:
            carry_out(work, self.doors, host, rows, patience=PATIENCE_SECONDS, again=AGAIN_SECONDS)

        return do

    def _at_the_desk(self, work: Work, rows: Sequence[InstallStep]) -> None:
        """Steps that the portal does itself."""
        for row in rows:
            self.desk.look_now()
            if not self.desk.may_begin():
                raise Stopped
            register(work, self.run, row, step_of(row))

    def _refuse_failed(self) -> None:
        failed = self.run.steps.filter(state=InstallStep.State.FAILED).order_by("number").first()
        if failed is not None:
            raise Ended(f"{failed.title} ({failed.host}): {failed.problem}" if failed.host else failed.problem)

    def _bundle(self) -> bundle.Bundle | None:
        name = str(self.run.asked.get("bundle") or config_of(self.install).bundle)
        return bundle.open_bundle(name) if name else None


def _fix_step(fix: dict[str, Any]) -> Step:
    """A confirmed fix as a step: nothing but the lines that were shown."""
    return Step(
        id=f"{FIX_PREFIX}{fix['check']}.{fix['id']}.{fix['host']}"[:128],
        host=fix["host"],
        stage=FIX_STAGE,
        title=str(fix["title"])[:200],
        script="set -e\n" + "\n".join(fix["commands"]),
        timeout_seconds=FIX_SECONDS,
    )


def _words(error: SlipwayError | Malformed) -> str:
    return f"{error.detail} {getattr(error, 'next', '')}".strip()
