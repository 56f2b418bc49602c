"""The first step: which machines the cluster is made of, typed, pasted or imported, and exported again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from installs import commands, inventory
from installs.bundles import first_config
from installs.hosts_form import HostsEditor
from installs.models import Install
from installs.plain import config_of, host_of
from installs.views.reach import for_admins, install_at
from installs.wizard import track
from web.errors import SlipwayError
from web.fragments import render_page, see_other

MAX_INVENTORY_BYTES = 1024 * 1024
EXTENSIONS = {"kubespray": "ini"}


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def create(request: SignedInRequest) -> HttpResponse:
    """A name and hosts; nothing is kept before the first save."""
    name = request.POST.get("name", "").strip()
    return _edit(request, None, {"name": name, "why_not": why_not(request.user, "install.create", None)})


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def hosts(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The hosts of an install. POST does what its button says: change a row, read an inventory, save, go on."""
    install = install_at(request, pk)
    context = {"name": install.name, "why_not": why_not(request.user, "install.edit", None)}
    return _edit(request, install, context)


@require_safe
@for_admins
def export(request: SignedInRequest, pk: UUID, format: str) -> HttpResponse:
    """The hosts as an inventory file, without a password or key."""
    if format not in inventory.FORMATS:
        raise Http404
    install = install_at(request, pk)
    text = inventory.write(format, config_of(install), [host_of(row) for row in install.hosts.all()])
    name = f"{install.name}.{EXTENSIONS.get(format, 'yaml')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


def _edit(request: SignedInRequest, install: Install | None, context: dict[str, Any]) -> HttpResponse:
    kept = list(install.hosts.all()) if install else []
    context |= {"install": install, "wizard": track(install, "hosts"), "version": install.version if install else 0}
    if request.method != "POST":
        return _show(request, HostsEditor.of(kept), context)
    editor, do = HostsEditor.typed(request.POST, kept), request.POST.get("do", "save")
    context |= {"version": request.POST.get("version", "")}
    if do == "read":
        return _show(request, editor, {**context, **_read_inventory(request, editor)})
    if do not in ("save", "next"):
        editor.change(do)
        return _show(request, editor, context)
    try:
        if install is None:
            install = commands.create_install(
                request.user, name=context["name"], config=first_config(), hosts=editor.hosts()
            )
        else:
            commands.edit_install(request.user, install, hosts=editor.hosts(), version=version_of(request, install))
    except SlipwayError as error:
        if error.status >= 500:
            raise
        _tell(editor, error, context)
        return _show(request, editor, context, status=error.status)
    if do == "save":
        messages.success(request, _("The draft is saved."), extra_tags="ok")
    return see_other(reverse("installs:hosts" if do == "save" else "installs:checks", args=[install.pk]))


def version_of(request: SignedInRequest, install: Install) -> int:
    """The version of the install that the form was filled in from."""
    typed = request.POST.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else install.version


def _read_inventory(request: SignedInRequest, editor: HostsEditor) -> dict[str, Any]:
    """Put what was pasted or chosen into the rows; the text stays in its field when it cannot be read."""
    file = request.FILES.get("inventory_file")
    text = request.POST.get("inventory", "")
    if file is not None:
        text = file.read(MAX_INVENTORY_BYTES + 1).decode(errors="replace")
    try:
        if len(text.encode()) > MAX_INVENTORY_BYTES:
            raise inventory.InventoryRefused(_("The inventory is larger than 1 MiB."))
        found = inventory.read(text)
    except inventory.InventoryRefused as refused:
        return {"inventory": text[:MAX_INVENTORY_BYTES], "inventory_error": refused.detail}
    editor.take(found.hosts)
    count = len(found.hosts)
    read = ngettext("%(n)d host was read into the table.", "%(n)d hosts were read into the table.", count) % {
        "n": count
    }
    return {"inventory_read": read, "inventory_notes": found.notes}


def _tell(editor: HostsEditor, error: SlipwayError, context: dict[str, Any]) -> None:
    """Put a refusal at what it is about: the name, a row, or all of it."""
    findings = [*(error.fields.get("errors") or [{"pointer": "", "detail": error.detail}])]
    context["name_errors"] = [one["detail"] for one in findings if one.get("pointer") == "/name"]
    editor.put(one for one in findings if one.get("pointer") != "/name")
    if error.next:
        editor.errors.append(error.next)


def _show(request: SignedInRequest, editor: HostsEditor, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render_page(
        request, "installs/hosts.html", {**context, "editor": editor, "formats": inventory.FORMATS}, status=status
    )
