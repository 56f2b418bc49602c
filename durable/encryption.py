"""JSON kept encrypted in a text column, bound to the row it was written for.

Fernet by itself binds nothing: whoever can write to the database could move a ciphertext to another row, where it would
decrypt. So table and primary key go inside the plaintext and are compared on every read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute


class SealBroken(Exception):
    """A stored secret cannot be read: written with a lost key, altered, or moved from another row."""


class Sealed(str):
    """Ciphertext as it stands in the database. Safe to hold and to print."""


def keyring() -> MultiFernet:
    """All field keys of this installation; the first one encrypts, every one decrypts."""
    keys: list[str] = list(settings.FIELD_KEYS)
    if not keys:
        raise ImproperlyConfigured("FIELD_KEYS holds no key")
    return MultiFernet([Fernet(key) for key in keys])


def seal(value: Any, *, bound_to: str) -> Sealed:
    """Encrypt a JSON value so that it can be read back only with the same `bound_to`."""
    return Sealed(keyring().encrypt(orjson.dumps({"for": bound_to, "value": value})).decode("ascii"))


def unseal(sealed: str, *, bound_to: str) -> Any:
    """The value that was sealed for `bound_to`. Raises SealBroken; its text never holds any of the secret."""
    try:
        content = orjson.loads(keyring().decrypt(sealed.encode("ascii")))
    except (InvalidToken, UnicodeEncodeError) as error:
        raise SealBroken(
            f"the secret of {bound_to} was written with a key that is not configured, or was altered"
        ) from error
    if content["for"] != bound_to:
        raise SealBroken(f"the secret of {bound_to} was written for another row")
    return content["value"]


def reseal(sealed: str) -> Sealed:
    """The same secret under the first key of the ring. Raises SealBroken."""
    try:
        return Sealed(keyring().rotate(sealed.encode("ascii")).decode("ascii"))
    except InvalidToken as error:
        raise SealBroken("the secret was written with a key that is not configured") from error


class _SealedAttribute(DeferredAttribute):
    """Decrypts on access, so that plaintext does not lie about in model instances that nobody asked for it."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        held = super().__get__(instance, cls)
        if instance is None or not isinstance(held, Sealed):
            return held
        return unseal(held, bound_to=_row_of(instance))

    def __set__(self, instance: models.Model, value: Any) -> None:
        # Without a setter Python would find the sealed value in the instance and never ask this attribute.
        instance.__dict__[self.field.attname] = value


if TYPE_CHECKING:
    _TextField = models.TextField[dict[str, str], dict[str, str]]
else:
    _TextField = models.TextField


class EncryptedJSONField(_TextField):
    """A JSON value that is encrypted at rest. The row needs its primary key before saving; `update()` is refused."""

    descriptor_class = _SealedAttribute

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        held = model_instance.__dict__.get(self.attname)
        if held is None or isinstance(held, Sealed):
            return held
        sealed = seal(held, bound_to=_row_of(model_instance))
        model_instance.__dict__[self.attname] = sealed
        return sealed

    def get_prep_value(self, value: Any) -> str | None:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError(f"{self.name} is encrypted: set it on the instance and save that")
        return None if value is None else str(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(obj.__dict__.get(self.attname) or "")


def _row_of(instance: models.Model) -> str:
    if instance.pk is None:
        raise ValueError("an encrypted field needs a row with its primary key set")
    return f"{instance._meta.db_table}/{instance.pk}"
