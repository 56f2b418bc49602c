"""The base of every REST view: strict parameters, cursor paging, entity tags, rate-limit headers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import Http404
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from web import filters
from web.etag import content_etag, etag, require_match, tag_content
from web.paging import CursorPages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.db.models import Model
    from django.http import HttpResponseBase
    from rest_framework.request import Request


class ApiView(APIView):
    """One address of the API.

    `query_parameters` names the parameters that are read, by action of a viewset (`create`) or by method (`get`).
    """

    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {}
    # What the schema tells of headers, by the same names. Whether a POST takes an Idempotency-Key:
    takes_key: ClassVar[bool] = False
    # the POSTs that honour If-Match, as each PUT, PATCH and DELETE does:
    matching_posts: ClassVar[Sequence[str]] = ()
    # and the GETs whose entity tag counts edits by people, so that it cannot tell whether the answer is still the same.
    tagged_by_edits: ClassVar[Sequence[str]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, (request.method or "").lower()):
            # It is 405, whatever it brings.
            return
        filters.require_known(request.query_params, self.known_parameters(request))
        if request.method in {"POST", "PUT", "PATCH"}:
            # What is no JSON is refused also where nothing of it is read.
            _body = request.data

    def known_parameters(self, request: Request) -> set[str]:
        """The query parameters that this call may carry."""
        return set(self.query_parameters.get(self.called_as(request.method or ""), ()))

    def called_as(self, method: str) -> str:
        """The name of this call among those of the view: its action in a viewset, else its method."""
        return getattr(self, "action", None) or method.lower()

    def has_tag_of_edits(self, method: str) -> bool:
        """Whether what this call reads carries the entity tag for an If-Match."""
        return self.called_as(method) in self.tagged_by_edits

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answered: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        for name, value in getattr(request._request, "rate_limit", {}).items():
            answered[name] = value
        if request.method in {"GET", "HEAD"} and answered.status_code == status.HTTP_200_OK:
            self._tag_content(request, answered)
        return answered

    def _tag_content(self, request: Request, answered: HttpResponseBase) -> None:
        # Streams and files are no Response; what can be edited has a tag already.
        if isinstance(answered, Response) and "ETag" not in answered.headers:
            given = request.headers.get("If-None-Match", "")
            answered.add_post_render_callback(partial(tag_content, given))


class ApiViewSet(ApiView, GenericViewSet[Any]):
    """A resource of the API.

    Lists are narrowed by `filter_fields` (parameter -> lookup or function), searched over `search_fields`, ordered by
    `ordering_fields` (default `ordering`), and paged by cursor. `get_queryset` answers what the caller may see.
    """

    filter_backends = (filters.ListFilters,)
    pagination_class = CursorPages
    filter_fields: ClassVar[Mapping[str, filters.Filter]] = {}
    search_fields: ClassVar[Sequence[str]] = ()
    ordering_fields: ClassVar[Sequence[str]] = ()
    ordering: ClassVar[Sequence[str]] = ()
    # What changes by itself in a row without a version: its entity tag leaves it out.
    ticking_fields: ClassVar[Sequence[str]] = ()

    def known_parameters(self, request: Request) -> set[str]:
        known = super().known_parameters(request)
        if self.action == "list":
            known |= {"limit", "cursor", *self.filter_fields}
            known |= {"search"} if self.search_fields else set()
            known |= {"ordering"} if self.ordering_fields else set()
        return known

    def has_tag_of_edits(self, method: str) -> bool:
        can_be_edited = hasattr(self, "partial_update") or hasattr(self, "destroy")
        return super().has_tag_of_edits(method) or (self.action == "retrieve" and can_be_edited)

    def one(self, **lookup: Any) -> Any:
        """The visible object with these values. Raises Http404; also for values no such object can have."""
        try:
            found = self.get_queryset().filter(**lookup).first()
        except (ValueError, TypeError):
            found = None
        if found is None:
            raise Http404
        return found

    def paged(self, rows: Any) -> Response:
        """Answer a list: filtered, ordered, one portion of it, serialized."""
        portion = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.shown(portion or []))

    def narrowed(self, rows: Any, ordered_by: str) -> Any:
        """The rows as a portion of them is read, once they are counted: a view may want fewer columns, beside the one
        that they are ordered by."""
        return rows

    def shown(self, portion: Sequence[Any]) -> Sequence[Any]:
        """One portion of a list as JSON."""
        rendered: Sequence[Any] = self.get_serializer(portion, many=True).data
        return rendered

    def valid(self, serializer: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The validated body. Raises ValidationError, which is answered as 422 with pointers."""
        serializer = serializer or self.get_serializer(data=self.request.data, **kwargs)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        return data

    def matched(self, obj: Any) -> Any:
        """The object itself when the caller's If-Match allows an edit of it."""
        if "If-Match" in self.request.headers:
            require_match(self.request, self.tag_of(obj))
        return obj

    def tag_of(self, obj: Any) -> str:
        """The entity tag: of what counts its edits by people that count, of others their content."""
        return etag(obj) if hasattr(obj, "version") else self._tag_of_content(self.get_serializer(obj).data)

    def _tag_of_content(self, shown: Mapping[str, Any]) -> str:
        return content_etag({name: value for name, value in shown.items() if name not in self.ticking_fields})

    def answer(self, obj: Model, code: int = status.HTTP_200_OK, **headers: str) -> Response:
        """One object, with its entity tag where it can be edited."""
        shown = self.get_serializer(obj).data
        if hasattr(obj, "version"):
            headers["ETag"] = etag(obj)
        elif hasattr(self, "partial_update") or hasattr(self, "destroy"):
            headers["ETag"] = self._tag_of_content(shown)
        return Response(shown, status=code, headers=headers)


class MadeByPost(ApiViewSet, ABC):
    """A resource that a POST makes."""

    @abstractmethod
    def location_of(self, obj: Any) -> str:
        """The address of one object."""

    def made(self, obj: Any) -> Response:
        """201: the object is there, at its location."""
        return self.answer(obj, status.HTTP_201_CREATED, Location=self.location_of(obj))

    def answer_made(self, request: Request, made: UUID) -> Response:
        """The answer to a POST that made this object, when the first one was lost (`durable.idempotency`)."""
        return self.made(self.one(pk=made))


def accepted(body: Any, location: str) -> Response:
    """202: work has begun; `location` is where its progress can be read."""
    return Response(body, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


def created(body: Any, location: str) -> Response:
    """201: the thing is there, at `location`."""
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": location})
