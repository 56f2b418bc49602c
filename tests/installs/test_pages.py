"""The pages of installs without JavaScript: from hosts to a cluster, for admins alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from installs.models import CheckRecord, Install, InstallRun
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.installs import (
    KEY,
    OTHER_KEY,
    SECRET,
    checked_install,
    installed,
    new_check,
    new_install,
    running_install,
)

Web = Callable[[User], PageClient]
NEW = "/installs/new/"
HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def told(browser: PageClient, path: str, typed: dict[str, Any] | None = None) -> str:
    """The page that one comes to after posting a form."""
    return text(browser.get(browser.post(path, typed)["Location"].partition("#")[0]))


def pages_of(install: Install) -> list[str]:
    at, run = install.get_absolute_url(), install.runs.first()
    names = ["", "hosts/", "checks/", "checks/?show=open", "checks/?host=node-1&check=swap", "network/", "review/"]
    names += ["fix/?fix=swap@node-1", "reset/", "remove/", "add-nodes/", "upgrade/", "renew-certificates/"]
    names += ["checks/report/json/", "checks/report/junit/", "inventory/slipway/", "inventory/kubespray/"]
    runs = [f"{at}runs/{run.pk}/", f"{at}runs/{run.pk}/log/"] if run else []
    hosts = [f"{at}nodes/{host.name}/remove/" for host in install.hosts.all()]
    return ["/installs/", NEW, *(f"{at}{name}" for name in names), *runs, *hosts]


def every_install(by: User) -> list[Install]:
    return [
        new_install("empty", hosts=0),
        checked_install(by),
        running_install(by, name="running")[0],
        running_install(by, "failed", name="failed")[0],
        installed(new_cluster("harbour-1"), by),
    ]


def rows(*hosts: tuple[str, str, str], **more: str) -> dict[str, str]:
    """What a form of hosts posts: name, address and role of each."""
    typed = dict(more)
    for number, (name, address, role) in enumerate(hosts):
        typed |= {f"name-{number}": name, f"address-{number}": address, f"role-{number}": role}
        typed |= {f"port-{number}": "22", f"user-{number}": "root"}
    return typed


TWO = (("node-1", "192.0.2.11", "control_plane"), ("node-2", "192.0.2.12", "worker"))


def test_every_page_stands(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    for made in every_install(admin):
        for page in pages_of(made):
            answer = browser.get(page)
            assert answer.status_code in {200, 303}, f"{made.name} {page} {answer.status_code}"
            assert SECRET not in b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()


def test_live_regions_are_the_same_alone_as_in_their_page(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    for made in every_install(admin):
        for page in pages_of(made):
            answer = browser.get(page)
            whole = "" if answer.streaming else text(answer)
            for name in re.findall(r'id="([\w-]+)" data-live="install', whole):
                alone = text(browser.get(f"{page}{'&' if '?' in page else '?'}fragment={name}", headers=HTMX))
                assert steady(alone) in steady(whole), f"{page} {name}"


def steady(html: str) -> str:
    """Without what is new in every answer."""
    return re.sub(r'(hx-nonce|csrfmiddlewaretoken" value)="[^"]*"|>[^<]*</time>|>\d+ s<|\s+', " ", html).strip()


def test_nobody_but_admins_sees_that_there_are_installs(web_client: Web, admin: User, developer: User) -> None:
    assert "/installs/" in text(web_client(admin).get("/clusters/"))
    browser = web_client(developer)
    assert "/installs/" not in text(browser.get("/clusters/"))
    assert "harbour-2" not in text(browser.get("/palette/?q=harbour"))
    made = checked_install(admin)
    for page in pages_of(made):
        refused = browser.get(page)
        assert refused.status_code == 403 and "install.view is for admins" in text(refused), page
    for verb in ("preflight/", "acknowledge/", "confirm-host-key/", "retry/", "cancel/", "remove/", "hosts/", "fix/"):
        assert browser.post(f"{made.get_absolute_url()}{verb}").status_code == 403, verb
    assert not InstallRun.objects.exists()


def test_the_palette_finds_installs_and_makes_new_ones(web_client: Web, admin: User) -> None:
    new_install("quay")
    assert 'href="/installs/new/"' in text(web_client(admin).get("/palette/?q=install"))
    assert Install.objects.get().get_absolute_url() in text(web_client(admin).get("/palette/?q=quay"))


def test_an_empty_list_says_what_to_do_and_a_full_one_is_searched(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    assert "No installs yet" in text(browser.get("/installs/"))
    new_install("quay")
    new_install("pier", hosts=0, status="failed")
    assert "quay" in text(browser.get("/installs/?search=192.0.2.11")) != text(browser.get("/installs/?search=pier"))
    failed = text(browser.get("/installs/?status=failed"))
    assert "pier" in failed and "quay" not in failed
    assert "No install matches" in text(browser.get("/installs/?search=nothing"))


def test_rows_are_added_moved_and_removed_and_nothing_typed_is_lost(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    page = text(browser.post(NEW, rows(*TWO, name="quay", do="add")))
    assert 'value="quay"' in page and 'value="192.0.2.12"' in page and 'name="name-2"' in page
    page = text(browser.post(NEW, rows(*TWO, name="quay", do="down-0")))
    assert page.index('value="node-2"') < page.index('value="node-1"')
    page = text(browser.post(NEW, rows(*TWO, name="quay", do="remove-0")))
    assert 'value="node-1"' not in page and 'value="node-2"' in page
    assert not Install.objects.exists()


def test_a_draft_is_saved_and_credentials_are_never_sent_back(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    typed = rows(*TWO, name="quay", do="save", **{"password-shared": SECRET, "password-1": f"{SECRET}-own"})
    answer = browser.post(NEW, typed)
    install = Install.objects.get(name="quay")
    assert answer["Location"] == f"{install.get_absolute_url()}hosts/"
    kept = {host.name: host.credential for host in install.hosts.all()}
    assert kept == {"node-1": {"password": SECRET}, "node-2": {"password": f"{SECRET}-own"}}
    page = text(browser.get(answer["Location"]))
    assert SECRET not in page and page.count("kept") >= 2

    again = rows(*TWO, do="next", version=str(install.version))
    assert browser.post(answer["Location"], again)["Location"] == f"{install.get_absolute_url()}checks/"
    assert {host.name: host.credential for host in install.hosts.all()} == kept


def test_what_is_wrong_stands_at_its_row(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    typed = rows(("Node 1", "192.0.2.11", "control_plane"), ("", "", "worker"), ("node-2", "-x", "worker"))
    refused = browser.post(NEW, {**typed, "name": "quay", "do": "next", "password-shared": SECRET})
    page = text(refused)
    assert refused.status_code == 422 and not Install.objects.exists()
    assert 'id="host-0-error"' in page and 'id="host-2-error"' in page and 'id="host-1-error"' not in page
    assert "Type the credentials again" in page and SECRET not in page
    assert "lower-case letters" in text(browser.post(NEW, rows(*TWO, name="Not A Name", do="next")))


def test_an_edit_that_comes_late_is_told_and_keeps_what_was_typed(web_client: Web, admin: User) -> None:
    install = new_install("quay")
    browser = web_client(admin)
    typed = rows(("node-9", "192.0.2.19", "control_plane"), do="next", version="0")
    refused = browser.post(f"{install.get_absolute_url()}hosts/", typed)
    assert refused.status_code == 412 and 'value="node-9"' in text(refused) and "was changed" in text(refused)


def test_an_inventory_is_pasted_uploaded_and_exported(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    kubespray = "[kube_control_plane]\nn1 ansible_host=192.0.2.21\n\n[kube_node]\nn2 ansible_host=192.0.2.22\n"
    page = text(browser.post(NEW, {**rows(), "name": "quay", "inventory": kubespray, "do": "read"}))
    assert 'value="n1"' in page and 'value="192.0.2.22"' in page and "2 hosts were read" in page
    file = SimpleUploadedFile("hosts.ini", kubespray.encode())
    assert 'value="n2"' in text(browser.post(NEW, {**rows(), "name": "quay", "inventory_file": file, "do": "read"}))
    refused = text(browser.post(NEW, {**rows(*TWO), "name": "quay", "inventory": "{]", "do": "read"}))
    assert 'id="inventory_error"' in refused and "{]" in refused and 'value="node-1"' in refused

    install = new_install("quay")
    for format in ("slipway", "kubespray", "kubekey", "sealos"):
        answer = browser.get(f"{install.get_absolute_url()}inventory/{format}/")
        assert "attachment" in answer["Content-Disposition"]
        assert "192.0.2.11" in text(answer) and SECRET not in text(answer)
    assert browser.get(f"{install.get_absolute_url()}inventory/nothing/").status_code == 404


def test_host_keys_are_confirmed_as_they_were_shown(web_client: Web, admin: User) -> None:
    install = new_install("quay")
    install.hosts.filter(name="node-1").update(host_key="", offered_key=OTHER_KEY)
    install.hosts.filter(name="node-2").update(offered_key=OTHER_KEY)
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(f"{at}checks/"))
    assert page.count("SHA256:") == 3 and "not the key that was confirmed before" in page
    assert len(re.findall(r'name="host" value="node-\d" checked', page)) == 1

    shown = {"host": ["node-1"], "key-node-1": OTHER_KEY, "do": "check"}
    assert browser.post(f"{at}confirm-host-key/", shown).status_code == 303
    assert install.hosts.get(name="node-1").host_key == OTHER_KEY
    assert install.hosts.get(name="node-2").host_key == KEY
    assert install.runs.get().kind == "preflight"


def test_a_key_that_changed_after_it_was_shown_is_not_confirmed(web_client: Web, admin: User) -> None:
    install = new_install("quay")
    install.hosts.filter(name="node-1").update(host_key="", offered_key=OTHER_KEY)
    browser, at = web_client(admin), install.get_absolute_url()
    page = told(browser, f"{at}confirm-host-key/", {"host": ["node-1"], "key-node-1": KEY})
    assert install.hosts.get(name="node-1").host_key == "" and "showed the key" in page
    assert "Choose the hosts" in told(browser, f"{at}confirm-host-key/")


def test_the_matrix_shows_all_or_what_is_not_passed(web_client: Web, admin: User) -> None:
    browser, at = web_client(admin), checked_install(admin).get_absolute_url()
    everything, narrowed = text(browser.get(f"{at}checks/")), text(browser.get(f"{at}checks/?show=open"))
    assert "Kernel" in everything and "Kernel" not in narrowed and "Swap" in narrowed
    detail = text(browser.get(f"{at}checks/?host=node-1&check=swap"))
    assert "swapoff -a" in detail and "2048 MiB" in detail and "no swap" in detail
    assert "1.4 s behind" in text(browser.get(f"{at}checks/?host=node-2&check=time"))


def test_one_check_runs_again_and_all_of_them(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    answer = browser.post(f"{at}preflight/", {"host": "node-1", "check": "swap"})
    assert answer["Location"] == f"{at}checks/?host=node-1&check=swap#detail"
    asked = install.runs.get().asked
    assert (asked["host"], asked["check"]) == ("node-1", "swap")
    refused = told(browser, f"{at}preflight/")
    assert "has not ended" in refused and "A run is under way" in refused


def test_a_finding_is_taken_on_with_a_reason_or_not_at_all(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    warned = {"host": "node-2", "check": "time"}
    assert "Say why" in told(browser, f"{at}acknowledge/", {**warned, "reason": " "})
    page = told(browser, f"{at}acknowledge/", {**warned, "reason": "a lab"})
    assert "a lab" in page and "acknowledged" in page
    assert CheckRecord.objects.get(host="node-2", check_name="time").acknowledged_by == admin


def test_fixes_are_shown_as_they_will_run_and_run_on_confirmation(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(f"{at}fix/?fix=swap@node-1&fix=cpu@node-1"))
    assert "systemctl mask swap.target" in page and page.count('name="fix"') == 1
    assert "No fix chosen" in text(browser.get(f"{at}fix/"))
    assert not install.runs.exists()
    assert browser.post(f"{at}fix/", shown_fixes(page)).status_code == 303
    assert [fix["id"] for fix in install.runs.get().asked["fixes"]] == ["swap_off"]


def test_another_way_to_mend_it_is_chosen(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    assert "or: Turn firewalld off" in text(browser.get(f"{at}checks/"))
    detail = text(browser.get(f"{at}checks/?host=node-2&check=firewall"))
    assert 'value="firewall@node-2@firewall_off"' in detail and "systemctl disable --now firewalld" in detail

    page = text(browser.get(f"{at}fix/?fix=firewall@node-2@firewall_off"))
    assert len(re.findall(r'type="radio"', page)) == 2 and "--add-port=10250/tcp" in page
    chosen = shown_fixes(page)
    assert chosen["way-firewall@node-2"].startswith("firewall_off:")
    assert browser.post(f"{at}fix/", chosen).status_code == 303
    (fix,) = install.runs.get().asked["fixes"]
    assert (fix["id"], fix["commands"]) == ("firewall_off", ["systemctl disable --now firewalld"])
    assert "alternatives" not in fix


def test_commands_that_were_not_shown_are_not_run(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), f"{install.get_absolute_url()}fix/"
    shown = shown_fixes(text(browser.get(f"{at}?fix=swap@node-1")))
    record = install.checks.get(check_name="swap", host="node-1")
    record.fix = {**record.fix, "commands": ["swapoff --all"]}
    record.save()

    refused = browser.post(at, shown)
    assert refused.status_code == 409 and "is not the one that you were shown" in text(refused)
    assert browser.post(at, {"fix": "swap@node-1"}).status_code == 409
    assert not install.runs.exists()
    assert browser.post(at, shown_fixes(text(refused))).status_code == 303


def shown_fixes(page: str) -> dict[str, Any]:
    """What the form of fixes posts as it stands."""
    ways = re.findall(r'type="(hidden|radio)" name="(way-[^"]*)" value="([^"]*)"([^>]*)', page)
    chosen = {name: value for kind, name, value, rest in ways if kind == "hidden" or "checked" in rest}
    return {"fix": re.findall(r'name="fix" value="([^"]*)"', page), **chosen}


def test_a_fix_that_takes_data_away_wants_the_name_typed(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    fix = {"id": "reset", "title": "Reset what an earlier cluster left", "commands": ["kubeadm reset -f"]}
    new_check(install, "clean_node", "node-1", "fail", fix=fix)
    browser, at = web_client(admin), f"{install.get_absolute_url()}fix/"
    page = text(browser.get(f"{at}?fix=clean_node@node-1"))
    assert "takes data away" in page
    assert browser.post(at, {**shown_fixes(page), "confirm": "other"}).status_code == 422
    assert not install.runs.exists()
    assert browser.post(at, {**shown_fixes(page), "confirm": install.name}).status_code == 303


def test_results_are_downloaded_as_json_and_junit(web_client: Web, admin: User) -> None:
    browser, at = web_client(admin), checked_install(admin).get_absolute_url()
    results = browser.get(f"{at}checks/report/json/").json()["results"]
    swap = next(one for one in results if (one["host"], one["check"]) == ("node-1", "swap"))
    assert swap["status"] == "fail" and swap["fix_id"] == "swap_off" and swap["kubeadm_name"] == "Swap"
    junit = browser.get(f"{at}checks/report/junit/")
    assert junit["Content-Type"].startswith("application/xml") and "<testsuite" in text(junit)
    assert browser.get(f"{at}checks/report/other/").status_code == 404


def network(**typed: str) -> dict[str, str]:
    usual = {"kubernetes_version": "v1.37.2", "pod_cidr": "10.244.0.0/16", "service_cidr": "10.96.0.0/12"}
    usual |= {"dns_domain": "cluster.local", "cni": "none", "container_runtime": "containerd"}
    return {**usual, "package_repository": "https://packages.example/kubernetes/", "do": "next", **typed}


def test_networks_that_overlap_are_refused_at_their_field(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    routes = [{"network": "10.40.0.0/16", "interface": "eth1"}]
    install.hosts.filter(name="node-2").update(facts={"routes": routes, "addresses": []})
    browser, at = web_client(admin), f"{install.get_absolute_url()}network/"
    for typed, field in (
        ({"service_cidr": "10.244.128.0/20"}, "service_cidr"),
        ({"pod_cidr": "10.40.0.0/15"}, "pod_cidr"),
        ({"pod_cidr": "10.244.0.0/25"}, "pod_cidr"),
        ({"kubernetes_version": "1.x"}, "kubernetes_version"),
        ({"cni": "own"}, "cni_manifest"),
        ({"cni": "kube-router"}, "cni"),
    ):
        refused = browser.post(at, network(version=str(install.version), **typed))
        assert refused.status_code == 422 and f'id="id_{field}_error"' in text(refused), typed
        assert f'value="{next(iter(typed.values()))}"' in text(refused), typed
    assert "a route of node-2 over eth1" in text(browser.post(at, network(pod_cidr="10.40.0.0/15")))


def test_a_changed_network_is_checked_before_the_review(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    answer = browser.post(f"{at}network/", network(version=str(install.version), pod_cidr="10.200.0.0/16"))
    assert answer["Location"] == f"{at}checks/?then=review"
    install.refresh_from_db()
    assert install.config["pod_cidr"] == "10.200.0.0/16" and install.runs.get().kind == "preflight"
    assert "Go on to the review" in text(browser.get(answer["Location"]))


def test_going_back_keeps_what_cannot_be_saved_yet(web_client: Web, admin: User) -> None:
    install = checked_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    answer = browser.post(f"{at}network/", network(version="1", dns_domain="not a domain", do="back"))
    assert answer["Location"] == f"{at}checks/"
    page = text(browser.get(f"{at}network/"))
    assert 'value="not a domain"' in page and "https://packages.example/kubernetes/" in page


def test_the_review_shows_files_and_plan_and_starts(web_client: Web, admin: User) -> None:
    install = checked_install(
        admin, config={"package_repository": "https://packages.example/kubernetes/", "cni": "none"}
    )
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(f"{at}review/"))
    assert "kubeadm-node-1.yaml" in page and "ClusterConfiguration" in page and "There is no plan" not in page
    file = browser.get(f"{at}files/kubeadm-node-1.yaml/")
    assert "attachment" in file["Content-Disposition"] and "ClusterConfiguration" in text(file)
    assert browser.get(f"{at}files/nothing/").status_code == 404

    refused = browser.post(f"{at}review/")
    assert refused.status_code == 409 and "in the way" in text(refused) and not install.runs.exists()
    cgroup = install.checks.get(check_name="cgroup")
    answer = browser.post(f"{at}review/", {"apply_fixes": "on", f"reason-{cgroup.pk}": "a lab"})
    run = install.runs.get()
    assert answer["Location"] == f"{at}runs/{run.pk}/" and run.kind == "install" and run.asked["fixes"]


def test_an_error_that_may_be_taken_on_is_with_its_reason_at_the_start(web_client: Web, admin: User) -> None:
    install = checked_install(
        admin, config={"package_repository": "https://packages.example/kubernetes/", "cni": "none"}
    )
    swap, cgroup = (install.checks.get(host="node-1", check_name=name) for name in ("swap", "cgroup"))
    browser, at = web_client(admin), install.get_absolute_url()
    reasons = {f"reason-{swap.pk}": "swap is wanted here", f"reason-{cgroup.pk}": "a lab"}
    assert browser.post(f"{at}review/", reasons).status_code == 303
    swap.refresh_from_db()
    assert swap.acknowledged_reason == "swap is wanted here"


def test_a_run_shows_its_steps_and_its_log(web_client: Web, admin: User) -> None:
    install, run = running_install(admin)
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(f"{at}runs/{run.pk}/"))
    assert "3 of 5 done" in page and "kubeadm join" in page and "unpacking containerd" in page
    narrowed = text(browser.get(f"{at}runs/{run.pk}/?host=node-2"))
    assert "Running pre-flight" in narrowed and "unpacking containerd" not in narrowed
    assert "unpacking" not in text(browser.get(f"{at}runs/{run.pk}/?search=init"))
    whole = b"".join(browser.get(f"{at}runs/{run.pk}/log/").streaming_content).decode()
    assert whole.count("\n") == 3 and "[node-1 step-3-node-1] unpacking containerd" in whole
    assert browser.post(f"{at}cancel/").status_code == 303
    assert "stops before its next step" in text(browser.get(f"{at}runs/{run.pk}/"))


def test_a_failed_run_says_why_and_goes_on_by_retry(web_client: Web, admin: User) -> None:
    install, run = running_install(admin, "failed")
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(f"{at}runs/{run.pk}/"))
    assert "the token was refused (401)" in page and f'action="{at}retry/"' in page and f'href="{at}reset/"' in page
    assert browser.post(f"{at}retry/")["Location"] == f"{at}runs/{run.pk}/"
    run.refresh_from_db()
    assert run.state == "queued"


def test_a_reset_wants_the_name_typed(web_client: Web, admin: User) -> None:
    install, _run = running_install(admin, "failed")
    browser, at = web_client(admin), install.get_absolute_url()
    assert browser.post(f"{at}reset/", {"confirm": "other"}).status_code == 422
    assert browser.post(f"{at}reset/", {"confirm": install.name}).status_code == 303
    assert install.runs.filter(kind="reset").exists()


def test_a_draft_is_removed_by_its_name(web_client: Web, admin: User) -> None:
    at = new_install("quay").get_absolute_url()
    browser = web_client(admin)
    assert browser.post(f"{at}remove/", {"confirm": "other"}).status_code == 422
    assert browser.post(f"{at}remove/", {"confirm": "quay"})["Location"] == "/installs/"
    assert not Install.objects.exists()


def test_the_cluster_is_shown_and_worked_on(web_client: Web, admin: User) -> None:
    install = installed(new_cluster("harbour-1"), admin)
    browser, at = web_client(admin), install.get_absolute_url()
    page = text(browser.get(at))
    assert "is running at" in page and "kube-scheduler" in page and 'href="/clusters/harbour-1/"' in page
    typed = rows(("node-3", "192.0.2.13", "worker"), do="add_nodes", **{"password-shared": SECRET})
    answer = browser.post(f"{at}add-nodes/", typed)
    run = install.runs.get(kind="add_nodes")
    assert answer["Location"] == f"{at}runs/{run.pk}/" and run.asked["hosts"] == ["node-3"]
    run.delete()

    assert browser.post(f"{at}nodes/node-2/remove/", {"confirm": "node-1"}).status_code == 422
    assert browser.post(f"{at}nodes/node-2/remove/", {"confirm": "node-2"}).status_code == 303
    install.runs.get(kind="remove_node").delete()
    far = browser.post(f"{at}upgrade/", {"kubernetes_version": "v1.39.0"})
    assert far.status_code == 422 and "one at a time" in text(far) and 'value="v1.39.0"' in text(far)
    assert browser.post(f"{at}upgrade/", {"kubernetes_version": "v1.38.0"}).status_code == 303
    install.runs.get(kind="upgrade").delete()
    assert browser.post(f"{at}renew-certificates/").status_code == 303
    assert install.runs.filter(kind="certificates").exists()


def test_a_draft_opens_where_it_was_left(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    for made, step in (
        (new_install("a", hosts=0), "hosts/"),
        (new_install("b"), "checks/"),
        (checked_install(admin, name="c"), "network/"),
        (checked_install(admin, name="d", config={"bundle": "site"}), "review/"),
    ):
        assert browser.get(made.get_absolute_url())["Location"] == f"{made.get_absolute_url()}{step}"
