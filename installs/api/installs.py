"""Installs, their hosts and what is asked of them. Each call is one command or one query."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.permissions import require
from durable.idempotency import IdempotentMixin
from installs import commands, inventory
from installs.models import Install, InstallRun
from installs.plain import config_of, hosts_of
from installs.queries import installs_of, planned, rendered_files
from installs.serializers import (
    AcknowledgeIn,
    InstallCheckOut,
    InstallEditIn,
    InstallFilesOut,
    InstallFixesIn,
    InstallHostKeyIn,
    InstallIn,
    InstallNodesIn,
    InstallOut,
    InstallPlannedStepOut,
    InstallPlanOut,
    InstallStartIn,
    InstallUpgradeIn,
    InventoryIn,
    InventoryOut,
    InventoryTextOut,
    PreflightIn,
    TypedNameIn,
)
from web.api import MadeByPost, accepted
from web.errors import BadParameter, Invalid
from web.filters import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from accounts.models import User

_KINDS = [kind for kind in InstallRun.Kind.values if kind not in ("preflight", "fix")]
_FORMAT = OpenApiParameter("format", str, enum=list(inventory.FORMATS), description="Default slipway.")
_KIND = OpenApiParameter("kind", str, enum=_KINDS, description="Default install.")
_GONE = OpenApiParameter("gone", bool, description="Its machine does not come back: nothing is tried on it.")
_ACCEPTED = {202: InstallOut}


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class Installs(IdempotentMixin, MadeByPost):
    """Clusters to be made out of hosts, and those that were. For admins."""

    serializer_class = InstallOut
    search_fields = ("name",)
    filter_fields: ClassVar = {"name": "name", "status": "status", "cluster": "cluster__name"}
    ordering_fields = ("name", "created_at")
    ordering = ("-created_at",)
    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {
        "plan": ("kind", "host", "version", "bundle", "gone"),
        "remove_node": ("gone",),
        "export_inventory": ("format",),
    }

    def get_queryset(self) -> Any:
        return installs_of(caller(self.request))

    def location_of(self, obj: Any) -> str:
        return reverse("api:install", args=[obj.pk])

    @extend_schema(operation_id="installs_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="installs_create", request=InstallIn, responses={201: InstallOut})
    def create(self, request: Request) -> Response:
        """A draft, validated; nothing is connected to. Every value that is wrong is named at once."""
        require(caller(request), "install.create", None)
        body = self.valid(InstallIn(data=request.data))
        name, hosts = body.pop("name"), body.pop("hosts", [])
        made = commands.create_install(caller(request), name=name, config=body, hosts=hosts)
        return self.made(self.one(pk=made.pk))

    @extend_schema(operation_id="installs_retrieve")
    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="installs_partial_update", request=InstallEditIn, responses=InstallOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        """A host without `credential` keeps the one it has, as long as it stays where it is."""
        install = self.matched(self.one(pk=pk))
        body = self.valid(InstallEditIn(data=request.data))
        hosts = body.pop("hosts", None)
        commands.edit_install(caller(request), install, config=body or None, hosts=hosts)
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="installs_destroy", responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Forget it. Nothing is done on its hosts: reset it first to take the cluster away."""
        commands.remove_install(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="installs_preflight", request=PreflightIn, responses=_ACCEPTED)
    def preflight(self, request: Request, pk: Any) -> Response:
        """Check all hosts, or one host or one check again. Read the results at `checks/` once it has ended."""
        install, body = self.one(pk=pk), self.valid(PreflightIn(data=request.data))
        return self._accepted(commands.preflight(caller(request), install, **body))

    @extend_schema(operation_id="installs_acknowledge", request=AcknowledgeIn, responses=InstallCheckOut)
    def acknowledge(self, request: Request, pk: Any) -> Response:
        """Take a warning on, or an error that may be overridden, with the reason."""
        install, body = self.one(pk=pk), self.valid(AcknowledgeIn(data=request.data))
        row = commands.acknowledge(caller(request), install, body.get("host", ""), body["check"], body["reason"])
        return Response(InstallCheckOut(row).data)

    @extend_schema(operation_id="installs_fixes", request=InstallFixesIn, responses=_ACCEPTED)
    def fixes(self, request: Request, pk: Any) -> Response:
        """Run fixes by the commands that the checks show, then check again. `fix` chooses another way to mend it."""
        install, body = self.one(pk=pk), self.valid(InstallFixesIn(data=request.data))
        chosen = [(each["host"], each["check"], each.get("fix", "")) for each in body["fixes"]]
        # Who names the finding of a host by itself has said which data goes.
        run = commands.run_fixes(caller(request), install, chosen, typed_name=install.name)
        return self._accepted(run)

    @extend_schema(operation_id="installs_host_key", request=InstallHostKeyIn, responses=InstallOut)
    def host_key(self, request: Request, pk: Any, name: str) -> Response:
        """Confirm the key that a host showed: from then on no other is accepted from it."""
        install, body = self.one(pk=pk), self.valid(InstallHostKeyIn(data=request.data))
        commands.confirm_host_key(caller(request), install, name, body["key"])
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="installs_start", request=InstallStartIn, responses=_ACCEPTED)
    def start(self, request: Request, pk: Any) -> Response:
        """Make the cluster. 409 with `blocked_by` while checks that failed are neither mended nor taken on."""
        install, body = self.one(pk=pk), self.valid(InstallStartIn(data=request.data))
        run = commands.start_install(
            caller(request),
            install,
            apply_fixes=body.get("apply_fixes", False),
            acknowledge=body.get("acknowledge", ()),
        )
        return self._accepted(run)

    @extend_schema(operation_id="installs_retry", request=None, responses=_ACCEPTED)
    def retry(self, request: Request, pk: Any) -> Response:
        """Go on from the step that failed."""
        return self._accepted(commands.retry_install(caller(request), self.one(pk=pk)))

    @extend_schema(operation_id="installs_cancel", request=None, responses=_ACCEPTED)
    def cancel(self, request: Request, pk: Any) -> Response:
        """Stop before the next step. Idempotent while the run has not ended."""
        return self._accepted(commands.cancel_install(caller(request), self.one(pk=pk)))

    @extend_schema(operation_id="installs_reset", request=TypedNameIn, responses=_ACCEPTED)
    def reset(self, request: Request, pk: Any) -> Response:
        """Take the cluster, or what there is of it, off its hosts."""
        install, body = self.one(pk=pk), self.valid(TypedNameIn(data=request.data or {}))
        typed = body.get("typed_name", install.name)
        return self._accepted(commands.reset_install(caller(request), install, typed_name=typed))

    @extend_schema(operation_id="installs_add_nodes", request=InstallNodesIn, responses=_ACCEPTED)
    def add_nodes(self, request: Request, pk: Any) -> Response:
        """Check hosts and let them join."""
        install, body = self.one(pk=pk), self.valid(InstallNodesIn(data=request.data))
        return self._accepted(commands.add_nodes(caller(request), install, body["hosts"]))

    @extend_schema(operation_id="installs_remove_node", request=None, responses=_ACCEPTED, parameters=[_GONE])
    def remove_node(self, request: Request, pk: Any, name: str) -> Response:
        """Cordon, drain, delete and reset one node; or let the cluster forget one whose machine is gone."""
        install, is_gone = self.matched(self.one(pk=pk)), flag(request.query_params, "gone")
        return self._accepted(commands.remove_node(caller(request), install, name, typed_name=name, is_gone=is_gone))

    @extend_schema(operation_id="installs_upgrade", request=InstallUpgradeIn, responses=_ACCEPTED)
    def upgrade(self, request: Request, pk: Any) -> Response:
        """Go to another version, at most one minor ahead."""
        install, body = self.one(pk=pk), self.valid(InstallUpgradeIn(data=request.data))
        run = commands.upgrade_install(caller(request), install, body["version"], bundle=body.get("bundle", ""))
        return self._accepted(run)

    @extend_schema(operation_id="installs_certificates", request=None, responses=_ACCEPTED)
    def certificates(self, request: Request, pk: Any) -> Response:
        """Renew the certificates of the control planes."""
        return self._accepted(commands.renew_certificates(caller(request), self.one(pk=pk)))

    @extend_schema(operation_id="installs_config", responses=InstallFilesOut, filters=False)
    def config(self, request: Request, pk: Any) -> Response:
        """The configuration that kubeadm is given on each host; no secret is in it."""
        files = rendered_files(self.one(pk=pk))
        return Response({"files": [{"name": name, "text": text} for name, text in files.items()]})

    @extend_schema(operation_id="installs_plan", responses=InstallPlanOut, filters=False, parameters=[_KIND, _GONE])
    def plan(self, request: Request, pk: Any) -> Response:
        """What a run would do, step by step, as the hosts were last seen."""
        given = request.query_params
        kind = given.get("kind") or "install"
        if kind not in _KINDS:
            raise BadParameter(_("kind is one of: %(kinds)s.") % {"kinds": ", ".join(_KINDS)})
        asked = {name: given[name] for name in ("host", "version", "bundle") if given.get(name)}
        steps = planned(self.one(pk=pk), kind, gone=flag(given, "gone"), **asked)
        return Response({"count": len(steps), "results": InstallPlannedStepOut(steps, many=True).data})

    @extend_schema(operation_id="installs_read_inventory", request=InventoryIn, responses=InventoryOut)
    def read_inventory(self, request: Request) -> Response:
        """Read hosts from an inventory file, for the body of a new install. Nothing is saved."""
        require(caller(request), "install.create", None)
        body = self.valid(InventoryIn(data=request.data))
        form = body.get("format", "")
        if form and form not in inventory.FORMATS:
            raise Invalid.at("/format", "unknown", _("Choose one of: %(all)s.") % {"all": ", ".join(inventory.FORMATS)})
        try:
            found = inventory.read(body["text"], format=form)
        except inventory.InventoryRefused as refused:
            raise Invalid.at("/text", "inventory", refused.detail) from refused
        hosts = [asdict(host) for host in found.hosts]
        return Response({"hosts": hosts, "config": found.config, "notes": list(found.notes)})

    @extend_schema(operation_id="installs_inventory", responses=InventoryTextOut, filters=False, parameters=[_FORMAT])
    def export_inventory(self, request: Request, pk: Any) -> Response:
        """The hosts as an inventory file, without any password or key."""
        form = request.query_params.get("format") or "slipway"
        if form not in inventory.FORMATS:
            raise BadParameter(_("format is one of: %(all)s.") % {"all": ", ".join(inventory.FORMATS)})
        install = self.one(pk=pk)
        text = inventory.write(form, config_of(install), hosts_of(install, jump=True))
        return Response({"format": form, "text": text})

    def answer_made(self, request: Request, made: UUID) -> Response:
        run = InstallRun.objects.filter(pk=made).first()
        return self._accepted(run) if run else super().answer_made(request, made)

    def _accepted(self, run: InstallRun) -> Response:
        install: Install = self.one(pk=run.install_id)
        return accepted(self.get_serializer(install).data, self.location_of(install))
