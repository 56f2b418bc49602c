"""Analysis templates: who may make them, what may stand in them, and when they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from clusters.promql import BadQuery
from deployments.analysis.built_in import TEMPLATES
from deployments.analysis.filling import EXAMPLE, filled
from deployments.analysis.rules import checked_template
from deployments.analysis.templates import kept_with_release, names_in, usable_templates
from deployments.engine.read_strategy import read_strategy
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import AnalysisTemplate as Row
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import checkout_target
from tests.factories.services import new_environment

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

CHECKOUTS = {
    "name": "checkouts",
    "team": "payments",
    "query": 'sum(rate(checkouts_total{namespace="{{namespace}}",pod=~"{{canary}}"}[{{window}}]))',
    "success": "result > 0.5",
    "interval_seconds": 20,
    "count": 4,
    "failure_limit": 1,
}


class TestOverTheApi:
    def test_a_maintainer_makes_one_and_it_is_recorded(self, api: Api, maintainer: User) -> None:
        made = api(maintainer).post("/analysis-templates/", CHECKOUTS)

        assert made.status_code == 201, made.content
        read = api(maintainer).get("/analysis-templates/checkouts/").json()
        assert {name: read[name] for name in CHECKOUTS} == CHECKOUTS
        assert (read["error_limit"], read["on_error"], read["dry_run"]) == (4, "pause", False)
        assert Entry.objects.get(action="analysis_template.create").after["success"] == "result > 0.5"

    def test_the_same_key_makes_it_once(self, api: Api, maintainer: User) -> None:
        caller = api(maintainer)
        first = caller.post("/analysis-templates/", CHECKOUTS, headers={"Idempotency-Key": "one"})
        again = caller.post("/analysis-templates/", CHECKOUTS, headers={"Idempotency-Key": "one"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert Row.objects.filter(name="checkouts").count() == 1

    def test_everybody_reads_the_built_in_ones_and_nobody_changes_them(
        self, api: Api, viewer: User, admin: User
    ) -> None:
        names = [row["name"] for row in api(viewer).get("/analysis-templates/?built_in=true").json()["results"]]
        assert names == sorted(TEMPLATES)
        refused = api(admin).patch("/analysis-templates/success-rate/", {"count": 9})
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "built_in")
        assert api(admin).delete("/analysis-templates/success-rate/").status_code == 409

    def test_who_may_write(self, api: Api, developer: User, maintainer: User, stranger: User, admin: User) -> None:
        assert api(developer).post("/analysis-templates/", CHECKOUTS).status_code == 403
        assert api(maintainer).post("/analysis-templates/", {**CHECKOUTS, "team": None}).status_code == 403
        assert api(maintainer).post("/analysis-templates/", CHECKOUTS).status_code == 201
        assert api(admin).post("/analysis-templates/", {**CHECKOUTS, "name": "all", "team": None}).status_code == 201
        assert api(developer).patch("/analysis-templates/checkouts/", {"count": 5}).status_code == 403
        assert api(stranger).get("/analysis-templates/checkouts/").status_code == 404
        assert api(stranger).get("/analysis-templates/all/").status_code == 200

    def test_an_edit_counts_and_an_old_tag_is_refused(self, api: Api, maintainer: User) -> None:
        tag = api(maintainer).post("/analysis-templates/", CHECKOUTS)["ETag"]
        changed = api(maintainer).patch("/analysis-templates/checkouts/", {"count": 9}, headers={"If-Match": tag})
        assert changed.json()["count"] == 9
        assert changed["ETag"] != tag
        late = api(maintainer).patch("/analysis-templates/checkouts/", {"count": 3}, headers={"If-Match": tag})
        assert late.status_code == 412
        edited = Entry.objects.get(action="analysis_template.edit")
        assert (edited.before["count"], edited.after["count"]) == (4, 9)

    def test_one_that_a_strategy_names_stays(self, api: Api, maintainer: User) -> None:
        api(maintainer).post("/analysis-templates/", CHECKOUTS)
        steps = [{"set_weight": 10}, {"analysis": {"templates": ["checkouts"]}}]
        dev = new_environment("dev", strategy={"type": "canary", "steps": steps})

        refused = api(maintainer).delete("/analysis-templates/checkouts/")
        assert refused.status_code == 409
        assert refused.json()["blocked_by"] == [{"kind": "environment", "name": "dev"}]

        dev.strategy = None
        dev.save()
        assert api(maintainer).delete("/analysis-templates/checkouts/").status_code == 204
        assert Entry.objects.filter(action="analysis_template.remove").count() == 1

    @pytest.mark.parametrize("name", ["success-rate", "checkouts"])
    def test_a_name_is_taken_once(self, api: Api, maintainer: User, name: str) -> None:
        api(maintainer).post("/analysis-templates/", CHECKOUTS)
        assert api(maintainer).post("/analysis-templates/", {**CHECKOUTS, "name": name}).status_code == 409


TYPED = {
    "query": "sum(up{pod=~'{{canary}}'})",
    "success": "result > 0",
    "version_label": "pod",
    "window_seconds": "60",
    "interval_seconds": "10",
    "count": "3",
    "initial_delay_seconds": "0",
    "failure_limit": "0",
    "inconclusive_limit": "3",
    "error_limit": "4",
    "min_samples": "0",
    "on_error": "pause",
}


class TestPages:
    def test_a_maintainer_copies_a_built_in_one(self, web_client: Web, maintainer: User) -> None:
        browser = web_client(maintainer)
        form = browser.get("/analysis-templates/new/?from=success-rate")
        assert "result &gt;= 0.99" in form.content.decode()

        made = browser.post("/analysis-templates/new/", {"name": "mine", "team": "payments", **TYPED})

        assert (made.status_code, made["Location"]) == (303, "/analysis-templates/mine/")
        page = browser.get("/analysis-templates/mine/").content.decode()
        assert "result &gt; 0" in page
        assert "payments" in page

    def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(self, web_client: Web, maintainer: User) -> None:
        typed = {"name": "mine", "team": "payments", **TYPED, "query": "sum(rate(", "description": "kept"}
        answer = web_client(maintainer).post("/analysis-templates/new/", typed)
        assert answer.status_code == 422
        assert "not PromQL" in answer.context["form"].errors["query"][0]
        assert 'value="kept"' in answer.content.decode()

    def test_edit_and_remove(self, web_client: Web, api: Api, maintainer: User) -> None:
        api(maintainer).post("/analysis-templates/", CHECKOUTS)
        browser = web_client(maintainer)
        assert browser.post("/analysis-templates/checkouts/edit/", {**TYPED, "count": "7"}).status_code == 303
        assert Row.objects.get(name="checkouts").spec.count == 7
        assert browser.post("/analysis-templates/checkouts/remove/", {"confirm": "check"}).status_code == 422
        assert browser.post("/analysis-templates/checkouts/remove/", {"confirm": "checkouts"}).status_code == 303
        assert not Row.objects.filter(name="checkouts").exists()

    def test_who_may_not_is_told_why(self, web_client: Web, viewer: User) -> None:
        page = web_client(viewer).get("/analysis-templates/").content.decode()
        assert "success-rate" in page
        assert "for admins" in page or "You lack" in page
        assert web_client(viewer).post("/analysis-templates/new/", {"name": "x", **TYPED}).status_code in (403, 422)


class TestTrying:
    def test_a_cluster_without_prometheus_says_so(self, api: Api, viewer: User, payments: Team) -> None:
        checkout_target(payments)
        body = {"service": "checkout", "environment": "dev", "template": "success-rate"}
        told = api(viewer).post("/analysis-templates/try/", body).json()
        assert told["status"] == "Error"
        assert "No Prometheus is registered" in told["message"]

    def test_what_is_typed_is_judged_first(self, api: Api, viewer: User, payments: Team) -> None:
        checkout_target(payments)
        body = {"service": "checkout", "environment": "dev", "definition": {"query": "sum(", "success": "result > 1"}}
        told = api(viewer).post("/analysis-templates/try/", body)
        assert told.status_code == 422
        assert told.json()["errors"][0]["pointer"] == "/query"

    def test_another_teams_service_is_unknown(self, api: Api, stranger: User, payments: Team) -> None:
        checkout_target(payments)
        body = {"service": "checkout", "environment": "dev", "template": "success-rate"}
        assert api(stranger).post("/analysis-templates/try/", body).status_code == 422


class TestWhatMayStandInOne:
    @pytest.mark.parametrize(
        ("change", "pointer", "code"),
        [
            ({"query": ""}, "/query", "required"),
            ({"query": "sum(rate("}, "/query", "bad_query"),
            ({"query": "http_requests_total[5m]"}, "/query", "bad_query"),
            ({"query": "(up[5m:1m])"}, "/query", "bad_query"),
            ({"query": '"words"'}, "/query", "bad_query"),
            ({"query": "up{pod=~'{{other}}'}"}, "/query", "bad_query"),
            ({"query": "info(up)"}, "/query", "bad_query"),
            ({"query": "x" * 4001}, "/query", "too_long"),
            ({"success": ""}, "/success", "required"),
            ({"success": "result > "}, "/success", "condition_not_a_condition"),
            ({"success": "open('/etc/passwd') > 1"}, "/success", "condition_not_allowed"),
            ({"success": "1 > 0"}, "/success", "condition_no_result"),
            ({"failure_limit": 4}, "/failure_limit", "limit"),
            ({"count": 0}, "/count", "number"),
            ({"interval_seconds": "10"}, "/interval_seconds", "number"),
            ({"on_error": "explode"}, "/on_error", "choice"),
            ({"dry_run": "no"}, "/dry_run", "type"),
            ({"min_samples": 10}, "/samples", "required"),
            ({"version_label": "a b"}, "/version_label", "label"),
            ({"compare": "magic"}, "/compare", "choice"),
            ({"parameters": {"margin": 2}}, "/parameters/margin", "number"),
            ({"parameters": {"sorcery": 1}}, "/parameters/sorcery", "unknown_field"),
            ({"colour": "red"}, "/colour", "unknown_field"),
            ({"name": "Check Outs"}, "/name", "name"),
            ({"name": "new"}, "/name", "reserved"),
            ({"compare": "restarts"}, "/query", "not_used"),
            ({"compare": "error-rate-vs-stable"}, "/samples", "required"),
        ],
    )
    def test_a_mistake_is_told_at_its_field(
        self, api: Api, maintainer: User, change: dict[str, Any], pointer: str, code: str
    ) -> None:
        answer = api(maintainer).post("/analysis-templates/", {**CHECKOUTS, **change})
        assert answer.status_code == 422, answer.content
        assert (pointer, code) in [(one["pointer"], one["code"]) for one in answer.json()["errors"]]

    def test_the_built_in_ones_pass_their_own_rules(self) -> None:
        for name, template in TEMPLATES.items():
            fields = {field: value for field, value in template.to_json().items() if field != "name"}
            assert checked_template({"name": name, **fields})["definition"] == fields


class TestFilling:
    TEMPLATE = AnalysisTemplate("t")

    def test_versions_are_told_apart_by_the_names_of_their_pods(self) -> None:
        sent = filled('sum(up{pod=~"{{canary}}"}) / sum(up{pod=~"{{ stable }}"})', self.TEMPLATE, EXAMPLE)
        assert 'pod=~"web-5d4f8c7b9d-[bcdfghjklmnpqrstvwxz2456789]{5}"' in sent
        assert 'pod=~"web-7c6d5b4f88-[bcdfghjklmnpqrstvwxz2456789]{5}"' in sent

    def test_or_by_a_label_with_the_hash(self) -> None:
        by_hash = AnalysisTemplate("t", version_label="pod_template_hash")
        assert 'h=~"5d4f8c7b9d"' in filled('up{h=~"{{canary}}"}', by_hash, EXAMPLE)

    @pytest.mark.parametrize(
        ("query", "selectors"),
        [
            ('up{namespace="other"}', 1),
            ('up{namespace=~".*"} or up{namespace!="shop"}', 2),
            ("sum(up) or sum(down)", 2),
            ('label_replace(up, "namespace", "other", "", "")', 1),
            ("max_over_time(up[5m:10s])", 1),
            ("up{pod='{{canary}}'} unless up offset 5m", 2),
        ],
    )
    def test_t48_every_selector_is_held_to_the_namespace_of_the_target(self, query: str, selectors: int) -> None:
        assert filled(query, self.TEMPLATE, EXAMPLE).count('namespace="shop"') == selectors

    def test_t48_what_cannot_be_held_is_refused(self) -> None:
        for query in ('up{namespace="shop" or job="x"}', "info(up)", "up{{{{namespace}}}}"):
            with pytest.raises(BadQuery):
                filled(query, self.TEMPLATE, EXAMPLE)


class TestWhatAReleaseKeeps:
    STRATEGY = read_strategy(
        {
            "type": "canary",
            "steps": [{"set_weight": 10}, {"analysis": {"templates": ["success-rate", "checkouts"]}}],
            "analysis": {"templates": ["success-rate"]},
        }
    )

    def test_the_places_that_name_a_template(self) -> None:
        assert names_in(self.STRATEGY) == {
            "success-rate": ["/strategy/steps/1/analysis/templates/0", "/strategy/analysis/templates/0"],
            "checkouts": ["/strategy/steps/1/analysis/templates/1"],
        }

    def test_only_templates_of_the_team_and_of_everybody_count(self, payments: Team, stranger: User) -> None:
        other = Team.objects.create(name="other")
        Row.objects.create(name="checkouts", team=other, definition={"query": "up", "success": "result > 0"})
        assert set(usable_templates(["success-rate", "checkouts"], payments)) == {"success-rate"}

    def test_an_edit_later_changes_nothing(self, api: Api, maintainer: User, payments: Team) -> None:
        api(maintainer).post("/analysis-templates/", CHECKOUTS)
        kept = kept_with_release(self.STRATEGY, payments)
        api(maintainer).patch("/analysis-templates/checkouts/", {"success": "result > 9"})
        assert AnalysisTemplate.from_json(kept["checkouts"]).success == "result > 0.5"
