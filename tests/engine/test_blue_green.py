"""Blue-green, stage by stage (delivery.md, Blue-green)."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.engine.seen import Measurement, Voices
from deployments.engine.strategies import Analyse, AnalysisTemplate, Approve, BlueGreen
from deployments.engine.workload import ORIGINALS, RELEASE
from tests.engine.model_shop import ModelShop
from tests.engine.play import Play


def blue_green(replicas: int = 4, **asked: Any) -> Play:
    templates = {"ok": AnalysisTemplate("ok", query="q", success="result == 1", count=1)}
    strategy = BlueGreen(**{"scale_down_delay_seconds": 10, "abort_scale_down_delay_seconds": 5, **asked})
    return Play(ModelShop(replicas), strategy=strategy, kubernetes_service="web", templates=templates)


def until(play: Play, phase: str, *, kind: str = "", rounds: int = 80) -> Play:
    """Play on until a phase, and a stage in it."""
    for _ in range(rounds):
        play.tick()
        last = next((one.data.get("kind") for one in reversed(play.said) if one.kind == "step.started"), "")
        if play.state.phase == phase and kind in ("", last):
            return play
        play.roll()
    raise AssertionError(f"never {phase}: {play.state.phase} {play.state.reason} {play.state.message}")


def promote(play: Play, **ask: Any) -> None:
    play.asks["promote"] = {"by": "dev", **ask}


def nothing_is_left(shop: ModelShop) -> bool:
    web = shop.services["web"]
    return (
        set(shop.services) == {"web"}
        and web["spec"]["selector"] == {"app": "web"}
        and RELEASE not in web["metadata"].get("labels", {})
        and ORIGINALS not in web["metadata"].get("annotations", {})
        and RELEASE not in shop.deployment["metadata"]["labels"]
        and shop.deployment["spec"]["strategy"]["type"] == "RollingUpdate"
        and not shop.deployment["spec"].get("paused")
    )


def test_the_new_version_is_shown_by_the_preview_service_alone() -> None:
    shop = until(blue_green(), "Paused").cluster

    assert shop.sizes() == {"1.0": 4, "2.0": 4}
    assert shop.versions_of("web") == {"1.0"}
    assert shop.versions_of("web-preview") == {"2.0"}


def test_promoted_it_serves_with_the_pods_that_were_tested_and_nothing_is_left() -> None:
    play = until(blue_green(), "Paused")
    tested = set(play.cluster.serving("web-preview"))
    promote(play)

    until(play, "Progressing", kind="scale_down")
    assert play.cluster.versions_of("web") == {"2.0"}
    assert play.cluster.versions_of("web-preview") == {"1.0"}
    play.to_the_end()

    assert play.state.phase == "Succeeded"
    assert set(play.cluster.serving("web")) == tested
    assert play.cluster.sizes() == {"1.0": 0, "2.0": 4}
    assert nothing_is_left(play.cluster)
    assert play.writes <= 15


def test_the_switch_is_one_write() -> None:
    play = until(blue_green(), "Paused")
    promote(play)
    before = play.cluster.services["web"]["metadata"]["resourceVersion"]
    selectors = []
    write = play.cluster.write

    def noted(one: Any) -> Any:
        answer = write(one)
        if one.name == "web" and one.kind == "Service":
            selectors.append(answer["spec"]["selector"])
        return answer

    play.cluster.write = noted
    until(play, "Progressing", kind="scale_down")
    assert len(selectors) == 1
    assert play.cluster.services["web"]["metadata"]["resourceVersion"] != before


def test_after_the_switch_abort_leads_back_to_the_same_pods() -> None:
    play = until(blue_green(), "Paused")
    serving = set(play.cluster.serving("web"))
    promote(play)
    until(play, "Progressing", kind="scale_down")
    play.asks["abort"] = {"by": "dev"}
    play.tick()

    assert set(play.cluster.serving("web")) == serving
    play.roll()
    play.tick()
    assert play.state.on_stable
    play.to_the_end()
    assert play.state.phase == "Aborted"
    assert play.cluster.image == "1.0"
    assert nothing_is_left(play.cluster)


def test_aborted_before_the_switch_no_request_ever_reached_the_new_version() -> None:
    play = until(blue_green(), "Paused")
    play.asks["abort"] = {"by": "dev"}
    for _ in range(40):
        play.tick()
        assert "2.0" not in play.cluster.versions_of("web")
        play.roll()

    assert play.state.phase == "Aborted"
    assert nothing_is_left(play.cluster)


def test_a_preview_of_fewer_pods_grows_before_the_switch() -> None:
    play = until(blue_green(preview_replicas=1), "Paused")
    assert play.cluster.sizes() == {"1.0": 4, "2.0": 1}
    promote(play)

    for _ in range(20):
        play.tick()
        assert len(play.cluster.serving("web")) >= 4
        play.roll()
    assert play.cluster.versions_of("web") == {"2.0"}


def test_it_promotes_and_aborts_by_itself_when_the_time_comes() -> None:
    assert blue_green(auto_promote_seconds=5).to_the_end(80).phase == "Succeeded"

    aborted = blue_green(auto_abort_seconds=5).to_the_end(80)
    assert (aborted.phase, aborted.reason) == ("Aborted", "ApprovalExpired")


@pytest.mark.parametrize(("value", "phase"), [(1.0, "Succeeded"), (0.0, "Aborted")])
def test_analysis_after_the_switch_decides(value: float, phase: str) -> None:
    play = until(blue_green(post_promotion=Analyse(("ok",))), "Paused")
    promote(play)
    until(play, "Analysing")
    status = "Successful" if value else "Failed"
    measured = Measurement("post_promotion", "ok", 1, play.now, status, value)
    play.cluster.seen = _with(play.cluster.seen, measurements=(measured,))

    play.to_the_end(80)

    assert play.state.phase == phase
    assert play.cluster.versions_of("web") == {"2.0" if value else "1.0"}
    assert nothing_is_left(play.cluster)


def test_an_approval_is_the_go_for_the_switch() -> None:
    play = until(blue_green(approval=Approve()), "AwaitingApproval")
    assert play.cluster.versions_of("web") == {"1.0"}
    voices = Voices("approval", "approved", by="lead")
    play.cluster.seen = _with(play.cluster.seen, voices=(voices,))

    assert play.to_the_end(80).phase == "Succeeded"


def test_a_service_is_not_pinned_again_to_a_version_whose_pods_another_hand_has_taken() -> None:
    play = until(blue_green(), "Paused")
    old = play.cluster.set_of("1.0")["metadata"]["name"]
    play.cluster.edit("web", selector={"app": "web"})
    play.cluster.scale_set(old, 0)
    play.cluster.make_pods()

    play.tick()

    assert play.cluster.versions_of("web") == {"2.0"}
    for _ in range(5):
        play.roll()
        play.tick()
        assert play.cluster.serving("web")
    assert play.cluster.versions_of("web") == {"1.0"}
    assert play.cluster.sizes() == {"1.0": 4, "2.0": 4}


def test_a_service_that_another_hand_unpins_is_pinned_again_and_left_to_a_person_the_third_time() -> None:
    play = until(blue_green(), "Paused")
    for _ in range(2):
        play.cluster.edit("web", selector={"app": "web"})
        play.tick()
        assert play.cluster.versions_of("web") == {"1.0"}

    play.cluster.edit("web", selector={"app": "web"})
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Paused", "Conflict")


def test_what_another_hand_adds_to_the_selector_is_kept() -> None:
    play = until(blue_green(), "Paused")
    play.cluster.edit("web", selector={**play.cluster.services["web"]["spec"]["selector"], "app.kubernetes.io/x": "y"})
    play.asks["abort"] = {"by": "dev"}
    play.to_the_end()

    assert play.cluster.services["web"]["spec"]["selector"] == {"app": "web", "app.kubernetes.io/x": "y"}


def test_a_deployment_that_is_deleted_leaves_no_pin_behind() -> None:
    play = until(blue_green(), "Paused")
    play.cluster.deleted = True
    play.to_the_end(10)

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")
    assert set(play.cluster.services) == {"web"}
    assert play.cluster.services["web"]["spec"]["selector"] == {"app": "web"}


def test_resumed_by_another_hand_the_first_act_is_to_unpin() -> None:
    play = until(blue_green(), "Paused")
    play.cluster.resume()
    decision = play.decide()

    assert [(one.kind, one.name, one.why) for one in decision.writes] == [("Service", "web", "unpin")]


def test_a_service_that_also_reaches_other_pods_is_not_pinned() -> None:
    play = blue_green(on_failure="abort")
    publish = play.cluster.publish

    def with_another() -> None:
        publish()
        if "pod-template-hash" not in play.cluster.services["web"]["spec"]["selector"]:
            play.cluster.slices["web"].append("other-pod")

    play.cluster.publish = with_another
    play.to_the_end(80)

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")
    assert nothing_is_left(play.cluster)


def test_a_new_version_that_does_not_get_ready_never_serves() -> None:
    play = blue_green(progress_deadline_seconds=20)
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(60):
        play.tick()
        assert play.cluster.versions_of("web") == {"1.0"}
        assert len(play.cluster.serving("web")) == 4
        play.roll()

    assert play.state.phase == "Failed"
    assert nothing_is_left(play.cluster)


def test_promote_full_skips_the_waits() -> None:
    play = until(blue_green(scale_down_delay_seconds=600), "Paused")
    promote(play, full=True)

    assert play.to_the_end(30).phase == "Succeeded"


def test_both_versions_follow_the_number_of_replicas() -> None:
    play = until(blue_green(), "Paused")
    play.cluster.scale(6)
    for _ in range(5):
        play.tick()
        play.roll()
    assert play.cluster.sizes()["1.0"] == 6
    promote(play)
    play.to_the_end()

    assert play.cluster.sizes() == {"1.0": 0, "2.0": 6}


def _with(seen: Any, **more: Any) -> Any:
    return lambda **changes: seen(**{**more, **changes})


@pytest.mark.parametrize("hand", ["scale the old version down", "let the Deployment loose"])
def test_an_abort_is_not_put_off_by_a_hand_that_fights_over_the_pods(hand: str) -> None:
    play = until(
        blue_green(auto_promote_seconds=0, post_promotion=Analyse(("ok",)), scale_down_delay_seconds=60), "Analysing"
    )
    assert play.cluster.versions_of("web") == {"2.0"}
    play.asks["abort"] = {"by": "dev"}
    for _ in range(200):
        if hand == "let the Deployment loose":
            play.cluster.put_back_strategy()
            play.cluster.resume()
        elif play.cluster.deployment["spec"].get("paused"):
            play.cluster.scale_set(play.state.originals["old"], 3)
        if play.tick().state.is_terminal:
            break
        play.roll()

    assert (play.state.phase, play.state.reason) == ("Aborted", "AbortedByUser")
    assert play.cluster.image == "1.0"
    assert nothing_is_left(play.cluster)
