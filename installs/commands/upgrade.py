"""Bring a cluster to another version of Kubernetes, one minor at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs import grammar
from installs.bundle import open_bundle
from installs.commands.asking import ask_for, refuse_unless_installed
from installs.grammar import Malformed
from installs.models import Install, InstallRun
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def upgrade_install(by: User, install: Install, version: str, *, bundle: str = "") -> InstallRun:
    """Ask for the upgrade; `bundle` names the offline bundle that has the version, where the install uses one.

    Raises NotPermitted, Invalid for a version that is no newer or more than one minor ahead and for a bundle of
    another, BundleRefused, RunActive, WrongStatus, HostBusy.
    """
    require(by, "install.upgrade", None)
    refuse_unless_installed(install, _("an upgrade"))
    try:
        version = grammar.version(version)
        bundle = grammar.bundle_name(bundle) if bundle else ""
    except Malformed as wrong:
        raise Invalid.at("/bundle" if wrong.code == "bundle" else "/version", wrong.code, wrong.detail) from wrong
    now = install.config["kubernetes_version"]
    step = grammar.minor(version)[1] - grammar.minor(now)[1]
    if grammar.numbers(version) == grammar.numbers(now):
        raise Invalid.at("/version", "runs_already", _("%(now)s is what runs already.") % {"now": now})
    if grammar.numbers(version) < grammar.numbers(now) or grammar.minor(version)[0] != grammar.minor(now)[0]:
        detail = _("%(to)s is older than %(now)s, which runs.") % {"to": version, "now": now}
        raise Invalid.at("/version", "older", detail)
    if step > 1:
        detail = _("%(to)s is %(step)d minors ahead of %(now)s: upgrade one at a time.")
        raise Invalid.at("/version", "skips_minor", detail % {"to": version, "step": step, "now": now})
    if name := bundle or install.config.get("bundle"):
        brings = open_bundle(name).kubernetes_version
        if brings != version:
            detail = _("The bundle %(bundle)s brings %(has)s, not %(wanted)s: choose one of that version.")
            raise Invalid.at("/bundle", "other_version", detail % {"bundle": name, "has": brings, "wanted": version})
    asked = {"version": version, **({"bundle": bundle} if bundle else {})}
    recorded = {"from": now, **asked}
    return ask_for(by, install, InstallRun.Kind.UPGRADE, "install.upgrade", asked=asked, recorded=recorded)
