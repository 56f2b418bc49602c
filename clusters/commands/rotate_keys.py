"""Bring every stored credential under the first of the configured keys, so that an older key can be taken away."""

from __future__ import annotations

from django.db import transaction

from audit.record import audit
from clusters.models import ClusterCredential
from durable.encryption import Sealed, reseal
from notifications.models import Channel


def rotate_keys() -> int:
    """Seal all secrets anew and answer how many. Raises SealBroken, changing nothing, when one cannot be read."""
    with transaction.atomic():
        channels = list(Channel.objects.select_for_update())
        for channel in channels:
            channel.secret = reseal(Sealed(channel.__dict__["secret"]))  # type: ignore[assignment]
            channel.save(update_fields=["secret"])
            audit(None, "channel.rotate_keys", channel)
        credentials = list(ClusterCredential.objects.select_for_update().select_related("cluster"))
        for credential in credentials:
            credential.secret = reseal(Sealed(credential.__dict__["secret"]))  # type: ignore[assignment]
            credential.save(update_fields=["secret"])
            audit(None, "cluster.rotate_keys", credential.cluster)
    return len(credentials) + len(channels)
