"""Identity providers, group rules and identities over REST. Providers and rules are for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.commands import group_rules, identities, identity_providers
from accounts.models import GroupRule, Identity, IdentityProvider, Team, User
from accounts.oidc.serializers import (
    GroupRuleIn,
    GroupRuleOut,
    IdentityIn,
    IdentityOut,
    ProviderEdit,
    ProviderIn,
    ProviderOut,
)
from accounts.permissions import require
from durable.idempotency import IdempotentMixin
from web import filters
from web.api import MadeByPost
from web.errors import Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


def caller(request: Request) -> User:
    """The person behind a call that has passed authentication."""
    return cast("User", request.user)


class ProviderViewSet(IdempotentMixin, MadeByPost):
    """Whom Slipway believes who somebody is."""

    serializer_class = ProviderOut
    lookup_field = "name"
    secret_fields = ("client_secret",)
    filter_fields = {"is_active": filters.boolean("is_active"), "preset": "preset"}
    search_fields = ("name", "title", "issuer")
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[IdentityProvider]:
        require(caller(self.request), "identity_provider.view", None)
        return IdentityProvider.objects.all()

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(request=ProviderIn, responses={201: ProviderOut})
    def create(self, request: Request) -> Response:
        require(caller(request), "identity_provider.create", None)
        body = self.valid(ProviderIn(data=request.data))
        return self.made(identity_providers.create_provider(caller(request), **body))

    def location_of(self, obj: IdentityProvider) -> str:
        return reverse("api:identity_provider", args=[obj.name])

    @extend_schema(request=ProviderEdit, responses=ProviderOut)
    def partial_update(self, request: Request, name: str) -> Response:
        provider = self.matched(self.one(name=name))
        body = self.valid(ProviderEdit(data=request.data))
        return self.answer(identity_providers.edit_provider(caller(request), provider, **body))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        identity_providers.remove_provider(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class GroupRuleViewSet(IdempotentMixin, MadeByPost):
    """What members of a provider's groups are here."""

    serializer_class = GroupRuleOut
    filter_fields = {"group": "group", "team": "team__name"}
    search_fields = ("group",)
    ordering_fields = ("group", "created_at")
    ordering = ("group",)

    def get_queryset(self) -> QuerySet[GroupRule]:
        require(caller(self.request), "identity_provider.view", None)
        return GroupRule.objects.filter(provider=self._provider()).select_related("team", "provider")

    def list(self, request: Request, name: str) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, name: str, pk: UUID) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(request=GroupRuleIn, responses={201: GroupRuleOut})
    def create(self, request: Request, name: str) -> Response:
        by = caller(request)
        require(by, "group_rule.create", None)
        body = self.valid(GroupRuleIn(data=request.data))
        team = Team.objects.filter(name=body["team"]).first() if body["team"] else None
        if body["team"] and team is None:
            raise Invalid.at("/team", "does_not_exist", _("There is no team %(name)s.") % {"name": body["team"]})
        return self.made(group_rules.create_rule(by, self._provider(), **{**body, "team": team}))

    def location_of(self, obj: GroupRule) -> str:
        return reverse("api:group_rule", args=[obj.provider.name, obj.pk])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str, pk: UUID) -> Response:
        group_rules.remove_rule(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _provider(self) -> IdentityProvider:
        found = IdentityProvider.objects.filter(name=self.kwargs.get("name", "")).first()
        if found is None:
            raise Http404
        return found


class IdentityViewSet(IdempotentMixin, MadeByPost):
    """What people are known as at providers: one's own, and for admins everybody's. Admins link by hand."""

    serializer_class = IdentityOut
    filter_fields = {"user": "user__username__iexact", "provider": "provider__name"}
    search_fields = ("subject", "called")
    ordering_fields = ("created_at",)
    ordering = ("created_at",)

    def get_queryset(self) -> QuerySet[Identity]:
        return Identity.objects.visible_to(caller(self.request)).select_related("user", "provider")

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(request=IdentityIn, responses={201: IdentityOut})
    def create(self, request: Request) -> Response:
        by = caller(request)
        require(by, "identity.link", None)
        body = self.valid(IdentityIn(data=request.data))
        provider = IdentityProvider.objects.filter(name=body["provider"]).first()
        user = User.objects.filter(username__iexact=body["user"]).first()
        if provider is None:
            raise Invalid.at("/provider", "does_not_exist", _("There is no such identity provider."))
        if user is None:
            raise Invalid.at("/user", "does_not_exist", _("There is no user named %(name)s.") % {"name": body["user"]})
        return self.made(identities.link_identity(by, user, provider, body["subject"]))

    def location_of(self, obj: Identity) -> str:
        return reverse("api:identity", args=[obj.pk])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        identities.unlink_identity(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)
