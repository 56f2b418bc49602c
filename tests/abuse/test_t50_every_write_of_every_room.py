"""T50: every address of the API that changes something leaves an audit entry: who did it, what was before and after.

The addresses come from the schema of the URL map: a new one fails here until it is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from tests.abuse.furnished import House, furnish, places
from tests.callers import ApiClient
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]


@dataclass(frozen=True)
class Write:
    """A call that succeeds in the furnished house, and what the log has to say of it."""

    method: str
    path: str
    action: str
    body: Any = None
    before: bool = False
    after: bool = True


WRITES = {
    "environments POST": Write("post", "/environments/", "environment.create", {"name": "qa"}),
    "environment PATCH": Write("patch", "/environments/stage/", "environment.edit", {"title": "Dev"}, before=True),
    "environment DELETE": Write("delete", "/environments/spare/", "environment.remove", before=True, after=False),
    "services POST": Write("post", "/services/", "service.create", {"name": "web", "team": "payments"}),
    "service PATCH": Write("patch", "/services/zebra-checkout/", "service.edit", {"title": "Z"}, before=True),
    "service DELETE": Write("delete", "/services/spare/", "service.remove", before=True, after=False),
    "target PATCH": Write(
        "patch", "/services/zebra-checkout/targets/stage/", "target.edit", {"strategy": "rolling"}, before=True
    ),
    "saved_views POST": Write("post", "/views/", "view.share", {"of": "services", "name": "z", "team": "payments"}),
    "saved_view DELETE": Write("delete", "/views/{view}/", "view.remove", before=True, after=False),
    "cluster PATCH": Write("patch", "/clusters/zebra-cluster/", "cluster.edit", {"title": "Z"}, before=True),
    "cluster_refresh POST": Write("post", "/clusters/zebra-cluster/refresh/", "cluster.refresh"),
    "grants POST": Write(
        "post", "/grants/", "grant.create", {"team": "payments", "cluster": "zebra-cluster", "namespaces": ["a"]}
    ),
    "grant DELETE": Write("delete", "/grants/{grant}/", "grant.remove", before=True, after=False),
    "roles POST": Write("post", "/roles/", "role.create", {"name": "halter", "permissions": ["release.pause"]}),
    "role PATCH": Write("patch", "/roles/breaker/", "role.edit", {"permissions": []}, before=True),
    "role DELETE": Write("delete", "/roles/breaker/", "role.remove", before=True, after=False),
    "release_abort POST": Write("post", "/releases/{release}/abort/", "release.abort", {"reason": "x"}),
}
# These need a cluster that answers, or are of a room with a test of its own: where the entry is looked at.
ELSEWHERE = {
    "users POST": "abuse/test_t50_every_write_is_recorded.py",
    "user PATCH": "abuse/test_t50_every_write_is_recorded.py",
    "teams POST": "abuse/test_t50_every_write_is_recorded.py",
    "team PATCH": "abuse/test_t50_every_write_is_recorded.py",
    "members POST": "abuse/test_t50_every_write_is_recorded.py",
    "member DELETE": "abuse/test_t50_every_write_is_recorded.py",
    "tokens POST": "abuse/test_t50_every_write_is_recorded.py",
    "token DELETE": "accounts/test_tokens.py",
    "token PATCH": "accounts/test_rotate_token.py",
    "token_rotate POST": "accounts/test_rotate_token.py",
    "robots POST": "accounts/test_robots.py",
    "robot PATCH": "accounts/test_robots.py",
    "robot DELETE": "accounts/test_robots.py",
    "robot_tokens POST": "accounts/test_robots.py",
    "exchange POST": "accounts/test_exchange.py",
    # Says what each check finds, and keeps nothing.
    "try_ci_token POST": "accounts/test_exchange.py",
    "ci_identities POST": "accounts/test_ci_identities.py",
    "ci_identity PATCH": "accounts/test_ci_identities.py",
    "ci_identity DELETE": "accounts/test_ci_identities.py",
    "webhook POST": "webhooks/test_receive.py",
    "webhook_sources POST": "webhooks/test_sources.py",
    "webhook_source PATCH": "webhooks/test_sources.py",
    "webhook_source DELETE": "webhooks/test_sources.py",
    "webhook_source_rotate POST": "webhooks/test_sources.py",
    "webhook_delivery_again POST": "webhooks/test_sources.py",
    # Nobody has allowed it yet: what is written down is the decision, and the token that follows from it.
    "device_login POST": "accounts/test_device_login.py",
    "device_token POST": "accounts/test_device_login.py",
    "session DELETE": "accounts/test_sessions.py",
    "second_factor DELETE": "accounts/test_second_factor.py",
    "sign_in_policy PATCH": "accounts/test_sign_in_policy.py",
    "sign_in_lock DELETE": "accounts/test_sign_in_locks.py",
    "clusters POST": "clusters/test_register.py",
    "cluster DELETE": "clusters/test_remove.py",
    "cluster_credentials PUT": "clusters/test_rotate.py",
    "targets POST": "services/test_create_target.py",
    "target DELETE": "services/test_edit_target.py",
    "service.import POST": "services/test_import_live.py",
    "releases POST": "deployments/test_start_release.py",
    "release_rollback POST": "deployments/test_rollback.py",
    "release_retry POST": "deployments/test_retry.py",
    "release PATCH": "deployments/test_edit.py",
    "release_pause POST": "deployments/test_pause.py",
    "release_resume POST": "deployments/test_pause.py",
    "release_promote POST": "deployments/test_promote.py",
    "release_override POST": "deployments/test_override.py",
    "promotions POST": "deployments/test_promotions.py",
    "promotion_abort POST": "deployments/promotion/test_abort_promotion.py",
    "orphans POST": "scenarios/test_restore.py",
    "cluster_guard PUT": "clusters/test_guard.py",
    "cluster_guard DELETE": "clusters/test_guard.py",
    "release_approve POST": "deployments/test_approve.py",
    "release_reject POST": "deployments/test_approve.py",
    "analysis_templates POST": "deployments/test_analysis_templates.py",
    "analysis_template PATCH": "deployments/test_analysis_templates.py",
    "analysis_template DELETE": "deployments/test_analysis_templates.py",
    # Measures once and stores nothing.
    "analysis_template_try POST": "deployments/test_analysis_templates.py",
    "channels POST": "notifications/test_channels.py",
    "channel PATCH": "notifications/test_channels.py",
    "channel DELETE": "notifications/test_channels.py",
    "channel_test POST": "notifications/test_channels.py",
    "audit_sinks POST": "sinks/test_sinks.py",
    "audit_sink PATCH": "sinks/test_sinks.py",
    "audit_sink DELETE": "sinks/test_sinks.py",
    "audit_sink_test POST": "sinks/test_sinks.py",
    "chart_repositories POST": "charts/test_repositories.py",
    "chart_repository PATCH": "charts/test_edit_repository.py",
    "chart_repository DELETE": "charts/test_repositories.py",
    "chart_repository_refresh POST": "charts/test_repositories.py",
    "chart_uploads POST": "charts/test_upload.py",
    "helm_releases POST": "charts/test_install.py",
    "helm_release PATCH": "charts/test_upgrade.py",
    "helm_release DELETE": "charts/test_uninstall.py",
    "helm_release_rollback POST": "charts/test_rollback.py",
    "helm_release_recover POST": "charts/test_recover.py",
    # Looks at the cluster and changes nothing there.
    "helm_release_refresh POST": "charts/test_observe.py",
    "identity_providers POST": "oidc/test_providers_recorded.py",
    "identity_provider PATCH": "oidc/test_providers_recorded.py",
    "identity_provider DELETE": "oidc/test_providers_recorded.py",
    "group_rules POST": "oidc/test_providers_recorded.py",
    "group_rule DELETE": "oidc/test_providers_recorded.py",
    "identities POST": "oidc/test_providers_recorded.py",
    "identity DELETE": "oidc/test_providers_recorded.py",
    "installs POST": "installs/test_recorded.py",
    "install PATCH": "installs/test_recorded.py",
    "install DELETE": "installs/test_recorded.py",
    "install_preflight POST": "installs/test_recorded.py",
    "install_acknowledge POST": "installs/test_recorded.py",
    "install_fixes POST": "installs/test_recorded.py",
    "install_host_key POST": "installs/test_recorded.py",
    "install_start POST": "installs/test_recorded.py",
    "install_retry POST": "installs/test_recorded.py",
    "install_cancel POST": "installs/test_recorded.py",
    "install_reset POST": "installs/test_recorded.py",
    "install_nodes POST": "installs/test_recorded.py",
    "install_node DELETE": "installs/test_recorded.py",
    "install_upgrade POST": "installs/test_recorded.py",
    "install_certificates POST": "installs/test_recorded.py",
    # Reads an inventory and stores nothing.
    "installs_inventory POST": "installs/test_recorded.py",
}


@pytest.fixture
def house(payments: Team, developer: User) -> House:
    new_environment("spare")
    new_service("spare", payments)
    return furnish(payments, developer)


def written_addresses() -> set[str]:
    """ "name METHOD" of everything in the API that is not a question."""
    found = set()
    for place in places():
        if place.is_api:
            actions = getattr(place.view, "actions", None) or {
                method: method
                for method in ("post", "put", "patch", "delete")
                if hasattr(getattr(place.view, "cls", None), method)
            }
            found |= {
                f"{place.name} {method.upper()}" for method in actions if method not in {"get", "head", "options"}
            }
    return found


def test_t50_every_address_that_changes_something_is_listed() -> None:
    assert written_addresses() == WRITES.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("file", sorted(set(ELSEWHERE.values())))
def test_t50_what_is_shown_elsewhere_looks_into_the_log(file: str) -> None:
    assert "Entry.objects" in (Path(__file__).parents[1] / file).read_text()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_t50_it_leaves_one_entry_with_before_and_after(house: House, api: Api, admin: User, write: Write) -> None:
    path = write.path.format(grant=house.grant.pk, release=house.release.pk, view=house.view.pk)
    answer = getattr(api(admin), write.method)(
        path, write.body, headers={"X-Request-Id": "r-50"}, REMOTE_ADDR="192.0.2.50"
    )
    assert 200 <= answer.status_code < 300, answer.content
    entry = Entry.objects.get()
    assert (entry.action, entry.actor, entry.token_name, entry.request_id) == (write.action, "ada", "ci", "r-50")
    assert (entry.address, entry.way) == ("192.0.2.50", "token")
    assert entry.object_name
    assert entry.object_id
    assert (bool(entry.before), bool(entry.after or entry.data)) >= (write.before, write.after)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_t50_who_may_only_look_changes_and_records_nothing(house: House, api: Api, viewer: User, write: Write) -> None:
    path = write.path.format(grant=house.grant.pk, release=house.release.pk, view=house.view.pk)
    answer = getattr(api(viewer), write.method)(path, write.body)
    assert answer.status_code == 403
    assert not Entry.objects.exists()
