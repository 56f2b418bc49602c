"""Bring every stored secret under the first of the configured keys, so that an older key can be taken away."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import transaction
from django.db.models import Model

from audit.record import audit
from durable.encryption import EncryptedJSONField, Sealed, reseal


def rotate_keys() -> int:
    """Seal all secrets anew and answer how many. Raises SealBroken, changing nothing, when one cannot be read."""
    count = 0
    with transaction.atomic():
        for model, fields in _sealed_fields():
            for row in model._default_manager.order_by("pk").select_for_update():
                held = [name for name in fields if row.__dict__[name] is not None]
                for name in held:
                    setattr(row, name, reseal(Sealed(row.__dict__[name])))
                if held:
                    row.save(update_fields=held)
                    named = getattr(row, "cluster", row)
                    audit(None, f"{named._meta.model_name}.rotate_keys", named)
                count += len(held)
    return count


def _sealed_fields() -> Iterator[tuple[type[Model], list[str]]]:
    """Every row of every room that holds secrets: a room that is forgotten here would be locked out of its own."""
    for model in apps.get_models():
        names = [field.attname for field in model._meta.concrete_fields if isinstance(field, EncryptedJSONField)]
        if names:
            yield model, names
