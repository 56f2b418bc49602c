"""What can go wrong with webhooks that come in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import SlipwayError


class WebhookRefused(SlipwayError):
    """Neither a signature nor the secret of a source came with it. The same for a source that is not there."""

    code = "webhook_refused"
    status = 401
    title = _("This webhook is not believed")
    auth_header = 'Bearer realm="slipway"'


class WebhookUnreadable(SlipwayError):
    """The body is signed but is no JSON."""

    code = "webhook_unreadable"
    status = 400
    title = _("The body cannot be read")
