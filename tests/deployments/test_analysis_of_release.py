"""What API and page of a release say of its analysis."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from accounts.models import Team, User
from deployments.analysis.charts import charts_of
from deployments.analysis.facts import analysis_facts, runs_of
from deployments.analysis.stored import measurements_of
from deployments.models import Release
from deployments.spec import state_of
from tests.callers import ApiClient, PageClient
from tests.factories.analysis import measured, with_templates
from tests.factories.deployments import checkout_target, new_canary

RUN = {"since": "2026-05-04T12:00:00+00:00", "tries": 1, "accepted": None, "asked": {}}


@pytest.fixture
def analysed(payments: Team) -> Release:
    """A canary at its analysis: the step has measured twice, the background long since."""
    release = new_canary(
        checkout_target(payments), step=2, weight=10, phase="Analysing", state={"runs": {"step-2": RUN}}
    )
    with_templates(release, "success-rate", "latency-p99")
    measured(release, "success-rate", [0.999, 0.95], run="step-2", stable=0.998)
    return release


def test_the_api_gives_every_measurement_with_value_query_and_time(
    api: Callable[..., ApiClient], viewer: User, analysed: Release
) -> None:
    (told,) = api(viewer).get(f"/releases/{analysed.pk}/").json()["analysis"]

    assert (told["template"], told["run"], told["status"], told["dry_run"]) == (
        "success-rate",
        "step-2",
        "running",
        False,
    )
    assert [(one["value"], one["status"]) for one in told["measurements"]] == [
        (0.999, "Successful"),
        (0.95, "Failed"),
    ]
    assert all(one["at"] and one["query"] for one in told["measurements"])


def test_a_run_is_judged_by_the_rules_that_the_engine_has(analysed: Release) -> None:
    assert [run.status for run in runs_of(analysed)] == ["running"]

    measured(analysed, "latency-p99", [0.2, 3.0, 3.0], run="background")
    assert {run.run: run.status for run in runs_of(analysed)} == {"step-2": "running", "background": "failed"}

    analysed.measurements.filter(run="step-2", number=1).update(status="Failed")
    assert {run.run: run.status for run in runs_of(analysed)}["step-2"] == "failed"


def test_the_chart_has_both_versions_and_the_threshold(analysed: Release) -> None:
    (chart,) = charts_of(analysed)

    drawn = json.loads(chart.drawn)
    assert [line["tone"] for line in drawn["lines"]] == ["new", "old"]
    assert drawn["lines"][0]["values"] == [0.999, 0.95]
    assert drawn["thresholds"] == [{"value": 0.99, "label": ">= 0.99", "tone": "ok"}]
    assert [row.number for row in chart.rows] == [2, 1]


def test_without_a_value_it_says_why(payments: Team) -> None:
    release = new_canary(checkout_target(payments), step=2, weight=10, state={"runs": {"step-2": RUN}})
    with_templates(release, "success-rate")
    (chart,) = charts_of(release)
    assert "nothing was measured yet" in chart.no_data
    measured(release, "success-rate", [None], run="step-2")
    (chart,) = charts_of(release)
    assert "no data of these Pods" in chart.no_data


def test_the_page_shows_the_chart_and_a_table_of_the_same(
    web_client: Callable[[User], PageClient], viewer: User, analysed: Release
) -> None:
    page = web_client(viewer).get(analysed.get_absolute_url()).content.decode()
    assert 'id="panel-analysis-success-rate"' in page
    assert "0.95, and result &gt;= 0.99 is not true" in page


def test_only_what_can_still_decide_is_given_to_the_engine(analysed: Release) -> None:
    measured(analysed, "success-rate", [0.999] * 60, run="step-2.2")
    analysed.state["runs"] = {"step-2": {**RUN, "tries": 2}, "background": RUN}
    measured(analysed, "latency-p99", [0.2] * 40, run="background")
    analysed.save()

    seen = measurements_of(analysed, state_of(analysed))

    assert {one.run for one in seen} == {"step-2.2", "background"}
    background = [one.number for one in seen if one.run == "background"]
    assert background == list(range(40 - len(background) + 1, 41))
    assert len(background) < 20


def test_another_teams_release_tells_nothing(api: Callable[..., ApiClient], stranger: User, analysed: Release) -> None:
    assert api(stranger).get(f"/releases/{analysed.pk}/").status_code == 404


def test_no_query_where_nothing_is_analysed(payments: Team, django_assert_num_queries: object) -> None:
    release = new_canary(checkout_target(payments))
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert analysis_facts(release) == []
