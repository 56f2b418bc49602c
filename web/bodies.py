"""What a call to the REST API carries, read and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from web.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer


def valid_body(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """The fields of the body. Raises ValidationError, which is answered as 422 with pointers."""
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def object_of(request: Request, *fixed: str) -> dict[str, Any]:
    """The JSON object of the body, with "" for each of the `fixed` fields that is missing; a command judges it.

    Raises Invalid when it is no object.
    """
    if not isinstance(request.data, dict):
        raise Invalid.at("", "type", _("Send a JSON object."))
    return {**dict.fromkeys(fixed, ""), **request.data}
