"""Bring every stored credential under the first of the configured keys, so that an older key can be taken away."""

from __future__ import annotations

from django.db import transaction

from audit.record import audit
from clusters.models import ClusterCredential
from durable.encryption import Sealed, reseal


def rotate_keys() -> int:
    """Seal all credentials anew and answer how many. Raises SealBroken, changing nothing, when one cannot be read."""
    with transaction.atomic():
        credentials = list(ClusterCredential.objects.select_for_update().select_related("cluster"))
        for credential in credentials:
            credential.secret = reseal(Sealed(credential.__dict__["secret"]))  # type: ignore[assignment]
            credential.save(update_fields=["secret"])
            audit(None, "cluster.rotate_keys", credential.cluster)
    return len(credentials)
