"""The button that installs or removes the guard of releases in place."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.decorators import SignedInRequest, signed_in
from clusters.commands.guard import install_guard, remove_guard
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.views.visible import visible_cluster
from web.fragments import see_other


@require_POST
@signed_in
def guard(request: SignedInRequest, name: str) -> HttpResponse:
    """`do=install` or `do=remove`, then the page of the cluster; what the cluster says against it is shown there."""
    found = visible_cluster(request.user, name)
    command = remove_guard if request.POST.get("do") == "remove" else install_guard
    try:
        found = command(request.user, found)
    except (ApiRefused, ClusterUnreachable) as error:
        text = _("The guard of %(name)s stays as it is: %(why)s")
        messages.warning(request, text % {"name": found.name, "why": error.detail})
    else:
        done = (
            _("The guard is installed on %(name)s.") if found.capabilities["guard"] else _("%(name)s has no guard now.")
        )
        messages.success(request, done % {"name": found.name}, extra_tags="ok")
    return see_other(found)
