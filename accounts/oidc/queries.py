"""What may be asked about providers and identities."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import Identity, IdentityProvider, User


def provider_list() -> QuerySet[IdentityProvider]:
    """All of them, each with `people`: how many are linked to it. Who asks is an admin."""
    return IdentityProvider.objects.defer("secret").annotate(people=Count("identities")).order_by("title", "name")


def links_of(person: User) -> dict[str, Any]:
    """What somebody is known as, and the providers to which they might be linked besides."""
    linked = list(Identity.objects.filter(user=person).select_related("provider", "user"))
    others = IdentityProvider.objects.filter(is_active=True).defer("secret")
    return {
        "identities": linked,
        "linkable": list(others.exclude(pk__in=[identity.provider_id for identity in linked])),
    }
