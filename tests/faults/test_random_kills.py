"""Parts of portal and cluster die at random while several workloads are released: none lost, none doubled, none stuck.

SLIPWAY_KILLS says how many kills (20), SLIPWAY_SEED which ones; the report names the seed of this run.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any

import pytest

from tests.faults.field import CLUSTER_PARTS, PORTAL_PARTS, Field, Web

KILLS = int(os.environ.get("SLIPWAY_KILLS", "20"))
SEED = int(os.environ.get("SLIPWAY_SEED") or secrets.randbelow(10**6))
WORKLOADS = 5
# Close enough for two at once, and far enough for releases to get on in between.
SECONDS_BETWEEN_KILLS = (0.0, 3.0)
# How often something is seen to get on before the next kill: on a busy machine nothing would be up long enough else.
SEEN_TO_GET_ON = 0.7
# So long may a release take for the dead to come back, for the 20 s of a crash loop, and for a busy machine.
STUCK_AFTER_SECONDS = 330.0
OWN_WRITES = "fieldManager=slipway"


@dataclass
class Told(ABC):
    """What was asked of one workload, one release after the other, and how each ended."""

    web: Web
    dice: random.Random
    outcomes: list[str] = made_by(default_factory=list)
    seconds: list[float] = made_by(default_factory=list)
    wrong: list[str] = made_by(default_factory=list)
    stable: str = "1.0"
    kinds: tuple[str, ...] = ("good", "good", "bad", "abort")

    def live(self, over: threading.Event) -> None:
        """Release after release until it is over; the last one is seen to its end."""
        try:
            number = 0
            while not over.is_set():
                number += 1
                self.release(f"2.{number}", self.dice.choice(self.kinds))
        except BaseException as error:
            self.wrong.append(f"{self.web.name}: {type(error).__name__}: {error}")
            raise

    @abstractmethod
    def release(self, version: str, kind: str) -> None:
        """One release from its start to its end; raises AssertionError for what is wrong."""


class Story(Told):
    """Rolling releases: good ones, ones that crash, and ones that are aborted."""

    def release(self, version: str, kind: str) -> None:
        generation = self.web.generation
        began = time.monotonic()
        tag = {"good": version, "bad": f"{version}-crash", "abort": f"{version}-unready"}[kind]
        release_id = self.web.deploy(tag)
        if kind == "abort":
            self.web.until_phase(release_id, "Progressing")
            self.web.field.call("POST", f"/releases/{release_id}/abort/", {})
        status = {"good": "succeeded", "bad": "failed", "abort": "aborted"}[kind]
        self.stable = version if kind == "good" else self.stable
        writes = 1 if kind == "good" else 2
        self.web.ended_right(release_id, status, self.stable, generation=generation + writes)
        self.outcomes.append(status)
        self.seconds.append(time.monotonic() - began)


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * KILLS)
def test_random_kills(field: Field, record_property: Callable[[str, object], None]) -> None:
    dice = random.Random(SEED)
    die_at_random(
        field,
        [Story(web, random.Random(dice.random())) for web in field.webs(WORKLOADS)],
        dice,
        record_property,
        kills=KILLS,
    )


def die_at_random(
    field: Field,
    stories: Sequence[Told],
    dice: random.Random,
    record_property: Callable[[str, object], None],
    *,
    kills: int,
) -> None:
    """Let the stories go on while parts die; none may be stuck or go wrong. The report is told whatever comes of it."""
    over = threading.Event()
    threads = [threading.Thread(target=story.live, args=(over,), daemon=True) for story in stories]
    for thread in threads:
        thread.start()
    back: dict[str, list[float]] = defaultdict(list)
    try:
        for _ in range(kills):
            part = dice.choice((*PORTAL_PARTS, *CLUSTER_PARTS))
            back[part].append(field.kill_and_see_it_back(part))
            if dice.random() < SEEN_TO_GET_ON:
                field.see_it_get_on(stories[0].web.namespace)
            over.wait(dice.uniform(*SECONDS_BETWEEN_KILLS))
            if any(story.wrong for story in stories):
                break
    finally:
        over.set()
        for thread in threads:
            thread.join(STUCK_AFTER_SECONDS)
        record_property("told", report(back, stories, own_writes(field, stories)))

    assert not [thread for thread in threads if thread.is_alive()], "a release is stuck"
    assert not [line for story in stories for line in story.wrong]
    assert all(story.outcomes for story in stories)


def own_writes(field: Field, stories: Sequence[Told]) -> Counter[str]:
    """By the API server's audit log: how many patches of ours had effect, by workload."""
    names = {story.web.name for story in stories}
    found: Counter[str] = Counter()
    for file in sorted(field.sandbox.audit_log.parent.iterdir()):
        for line in file.read_text(errors="replace").splitlines():
            event = _event(line)
            of = event.get("objectRef") or {}
            is_ours = OWN_WRITES in event.get("requestURI", "") and "dryRun" not in event["requestURI"]
            if is_ours and of.get("name") in names and (event.get("responseStatus") or {}).get("code") == 200:
                found[of["name"]] += 1
    return found


def _event(line: str) -> dict[str, Any]:
    """One line of the audit log; the last one of a server that was killed may be torn."""
    try:
        event: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return event


def report(back: dict[str, list[float]], stories: Sequence[Told], writes: Counter[str]) -> str:
    outcomes = Counter(outcome for story in stories for outcome in story.outcomes)
    seconds = sorted(second for story in stories for second in story.seconds) or [0.0]
    lines = [f"random kills, SLIPWAY_SEED={SEED}: {sum(map(len, back.values()))} kills, {len(stories)} workloads"]
    lines += [
        f"  {part:24} killed {len(took):3}, down for {sum(took) / len(took):5.1f} s each, {max(took):5.1f} s at most"
        for part, took in sorted(back.items())
    ]
    lines.append("  releases: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    lines.append(f"  seconds of a release: {seconds[len(seconds) // 2]:.1f} median, {seconds[-1]:.1f} at most")
    per_release = writes.total() / max(1, outcomes.total())
    lines.append(f"  our writes that had effect: {writes.total()}, {per_release:.1f} a release")
    lines += [f"  WRONG {line}" for story in stories for line in story.wrong]
    return "\n".join(lines)
