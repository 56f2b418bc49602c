"""Two of each process share the work; one of each dies in the middle of it, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import until
from tests.production.conftest import IMAGE, Field


def test_one_of_each_dies_and_nobody_notices(field: Callable[..., Field]) -> None:
    here = field(2, "a", "b", "c", "d")
    names = [f"{letter}-{here.namespace[-6:]}" for letter in "abcd"]
    before = {name: here.live(name)["metadata"]["generation"] for name in names}
    releases: dict[str, str] = {}

    for name, victim in zip(names, ("worker-1", "watch-1", "web-1", "beat-1"), strict=True):
        releases[name] = here.person.deploy(name, f"{IMAGE}:1.1")
        until(lambda id=releases[name]: here.person.release(id)["phase"] not in ("Queued", "Gated"), seconds=60)  # type: ignore[misc]
        here.site.kill(victim)

    until(lambda: all(here.person.has_ended(one) for one in releases.values()), seconds=120)
    assert here.person.failures == []
    for name, release_id in releases.items():
        ended = here.person.release(release_id)
        assert (ended["status"], ended["reason"]) == ("succeeded", ""), ended
        assert (here.image(name), here.claims(name)) == ("1.1", [])
        # One write began it: the template was written once, whoever was killed.
        assert here.live(name)["metadata"]["generation"] == before[name] + 1
        # Two writes, and one stamp where a tick was killed between writing and saying so.
        assert 2 <= here.writes(name) <= 3, here.writes(name)
        events = here.person.events(release_id)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        kinds = [event["kind"] for event in events]
        assert [kinds.count(once) for once in ("release.start", "step.started", "release.succeed")] == [1, 1, 1], kinds
