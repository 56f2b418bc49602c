"""Gates: what has to be open before a release goes on: voices of people, the end of a freeze window, and before the
first write the proof that the images run well in the environment before.

`State.gates` remembers: `waits` {gate, phase, since}: the approval that is waited for and the phase to go on with;
`window` {name, until, since}: the window that holds the release; `promotion` {from, code, until, since}: the
environment that the images have not proved themselves in; `expired` {gate: asked}: the request for voices whose
expiry has been answered, so that a retry asks anew.
TakingOver, Finishing, Aborting, abort and rollback never ask here: what has begun to settle must not be held half-way.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.engine.answers import LOOK_WHILE_WAITING, end, give_back, look_again
from deployments.engine.decision import AskApproval, Decision, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.seen import Seen, Unproven, Voices
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import APPROVAL_SECONDS, Approve

START = "start"
AWAITING = "AwaitingApproval"
WAITING_REASONS = ("ApprovalRequired", "FreezeWindow", "PromotionGate")


def begun(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Gated: the environment's approvals, then its freeze windows, then its promotion gate. None: it may begin.

    Voices are asked for even while a window holds, so that they are there when it ends. Who asked in an emergency holds
    the right to pass all of them. The promotion gate is asked last, and again at every look: what ran well when the
    release was asked for may have been rolled back while people thought.
    """
    if release.approvals and not release.emergency:
        step = Approve(expires_seconds=APPROVAL_SECONDS, on_expiry="abort")
        if asked := _voiced(release, state, seen, now, START, release.approvals, step):
            return asked
    return window_open(release, state, seen, now) or proven(release, state, seen, now)


def awaits_start(state: State) -> bool:
    """Whether the release waits for the voices without which it may not begin: nothing has been written yet."""
    return state.phase == AWAITING and (state.gates.get("waits") or {}).get("gate") == START


def awaiting_start(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision:
    """The phase AwaitingApproval before the first write: back to Gated, whose checks are made anew, once it is open."""
    return begun(release, state, seen, now) or look_again(state.but(phase="Gated"), now)


def approved(
    release: ReleaseSpec, state: State, seen: Seen, now: datetime, gate: str, step: Approve
) -> Decision | None:
    """A step's voices. None: they are there. `gate` names the step once per release, as "step-3"."""
    if release.emergency:
        return None
    rules: tuple[Json, ...] = ({"team": step.team, "count": step.required},)
    return _voiced(release, state, seen, now, gate, rules, step)


def window_open(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Ask before each next step. None: no freeze window holds the release."""
    held = state.gates.get("window")
    if seen.window is None or release.emergency or _overridden(state, seen):
        return _window_has_ended(state, now) if held else None
    window = seen.window
    params = {"window": window.name, "until": window.until.isoformat(), "role": window.override_role}
    since = held["since"] if held else now.isoformat()
    gates = {**state.gates, "window": {"name": window.name, "until": params["until"], "since": since}}
    sentence = Sentence("freeze_window", params)
    waiting = state.but(reason="FreezeWindow", message=sentence, gates=gates)
    said = () if held and held["name"] == window.name else (Said("window.hold", sentence, params),)
    return Decision(waiting, said=said, wake_at=max(now, min(window.until, now + LOOK_WHILE_WAITING)))


def proven(release: ReleaseSpec, state: State, seen: Seen, now: datetime) -> Decision | None:
    """Ask before the first write. None: the images have proved themselves where the environment wants them to."""
    held = state.gates.get("promotion")
    unproven = seen.unproven
    if unproven is None or release.emergency or _passed(state, unproven):
        return _promotion_has_opened(state, now) if held else None
    until = unproven.until.isoformat() if unproven.until else None
    is_new = not held or held["code"] != unproven.code
    facts = {"from": unproven.origin, "code": unproven.code, "until": until}
    since = held["since"] if held else now.isoformat()
    sentence = Sentence(unproven.code, unproven.params)
    waiting = state.but(
        reason="PromotionGate", message=sentence, gates={**state.gates, "promotion": {**facts, "since": since}}
    )
    said = (Said("promotion.hold", sentence, facts),) if is_new else ()
    return Decision(waiting, said=said, wake_at=_next_look(unproven.until, now))


def _passed(state: State, unproven: Unproven) -> bool:
    """A person with the override role let this release pass the gate that leads to this environment."""
    return bool((state.asks.get("override_promotion") or {}).get("promotion") == unproven.origin)


def _promotion_has_opened(state: State, now: datetime) -> Decision:
    gates = {name: value for name, value in state.gates.items() if name != "promotion"}
    params = {"origin": state.gates["promotion"]["from"]}
    said = Said("promotion.open", Sentence("promotion_opened", params), params)
    return look_again(state.but(reason="", message=None, gates=gates, ready_rose_at=now), now, said)


def _overridden(state: State, seen: Seen) -> bool:
    """A person with the window's override role let this release pass this window, until it ends and no longer."""
    ask, window = state.asks.get("override"), seen.window
    if not ask or window is None or ask["window"] != window.name:
        return False
    return datetime.fromisoformat(ask["until"]) >= window.until


def _window_has_ended(state: State, now: datetime) -> Decision:
    gates = {name: value for name, value in state.gates.items() if name != "window"}
    params = {"window": state.gates["window"]["name"]}
    said = Said("window.end", Sentence("freeze_window_ended", params), params)
    return look_again(state.but(reason="", message=None, gates=gates, ready_rose_at=now), now, said)


def _voiced(
    release: ReleaseSpec,
    state: State,
    seen: Seen,
    now: datetime,
    gate: str,
    rules: tuple[Json, ...],
    step: Approve,
) -> Decision | None:
    voices = next((one for one in seen.voices if one.gate == gate), None)
    if voices is None or voices.status == "void":
        return _ask(state, now, gate, rules, step)
    if voices.status == "expired" or _has_expired(voices, now):
        if (state.gates.get("expired") or {}).get(gate) == voices.asked:
            return _ask(state, now, gate, rules, step)
        return _expired(release, state, now, voices, step)
    if voices.status == "rejected":
        sentence = Sentence("approval_rejected", {"by": voices.by, "why": voices.comment, **release.names})
        return _stop(state, now, "ApprovalRejected", sentence)
    if voices.status == "approved":
        return _open(state, now) if _waits_for(state, gate) else None
    return _hold(state, now, gate, rules, voices)


def _ask(state: State, now: datetime, gate: str, rules: tuple[Json, ...], step: Approve) -> Decision:
    expires_at = None if step.expires_seconds is None else now + timedelta(seconds=step.expires_seconds)
    sentence = _sentence(rules)
    said = () if _waits_for(state, gate) else (Said("approval.ask", sentence, {"gate": gate, "rules": list(rules)}),)
    return Decision(
        _waiting(state, now, gate, sentence),
        said=said,
        approvals=(AskApproval(gate, rules, expires_at),),
        wake_at=_next_look(expires_at, now),
    )


def _hold(state: State, now: datetime, gate: str, rules: tuple[Json, ...], voices: Voices) -> Decision:
    return Decision(_waiting(state, now, gate, _sentence(rules)), wake_at=_next_look(voices.expires_at, now))


def _waiting(state: State, now: datetime, gate: str, sentence: Sentence) -> State:
    waits = state.gates.get("waits")
    if not (waits and waits["gate"] == gate):
        # The phase to go on with is the one that asked, not a pause of its own.
        phase = waits["phase"] if waits else state.phase
        waits = {"gate": gate, "phase": phase, "since": now.isoformat()}
    return state.but(phase=AWAITING, reason="ApprovalRequired", message=sentence, gates={**state.gates, "waits": waits})


def _open(state: State, now: datetime) -> Decision:
    """Go on where it was asked; the time that people took is not held against the pods."""
    gates = dict(state.gates)
    waits = gates.pop("waits")
    phase = waits["phase"] if state.phase == AWAITING else state.phase
    return look_again(state.but(phase=phase, reason="", message=None, gates=gates, ready_rose_at=now), now)


def _expired(release: ReleaseSpec, state: State, now: datetime, voices: Voices, step: Approve) -> Decision:
    sentence = Sentence("approval_expired", release.names)
    told = {**(state.gates.get("expired") or {}), voices.gate: voices.asked}
    state = state.but(gates={**state.gates, "expired": told})
    if step.on_expiry == "abort":
        return _stop(state, now, "ApprovalExpired", sentence)
    back = (state.gates.get("waits") or {"phase": state.phase})["phase"]
    held = state.but(
        phase="Paused",
        reason="ApprovalExpired",
        message=sentence,
        held={"by": "", "phase": back},
        gates={name: value for name, value in state.gates.items() if name != "waits"},
    )
    return look_again(held, now, Said("release.pause", sentence, {"reason": "ApprovalExpired", "gate": voices.gate}))


def _stop(state: State, now: datetime, reason: str, sentence: Sentence) -> Decision:
    """End at once where nothing was written, else give traffic and pods back to the stable version."""
    waits = state.gates.get("waits") or {"phase": state.phase}
    state = state.but(gates={name: value for name, value in state.gates.items() if name != "waits"})
    if waits["phase"] == "Gated":
        return end(state, now, "Aborted", reason, sentence.code, **sentence.params)
    return give_back(state, now, "Aborted", reason, sentence)


def _waits_for(state: State, gate: str) -> bool:
    return bool((state.gates.get("waits") or {}).get("gate") == gate)


def _has_expired(voices: Voices, now: datetime) -> bool:
    return voices.status == "pending" and voices.expires_at is not None and voices.expires_at <= now


def _next_look(expires_at: datetime | None, now: datetime) -> datetime:
    latest = now + LOOK_WHILE_WAITING
    return latest if expires_at is None else max(now, min(expires_at, latest))


def _sentence(rules: tuple[Json, ...]) -> Sentence:
    if len(rules) == 1 and not rules[0]["team"]:
        return Sentence("waits_for_owners", {"count": rules[0]["count"]})
    return Sentence("waits_for_approval", {"rules": ", ".join(f"{rule['count']} × {rule['team']}" for rule in rules)})
