"""What the forms of all rooms share: refusals shown where they belong, choices that only the request knows, names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from django.forms import CharField
from django.utils.translation import gettext_lazy as _

from web.errors import SlipwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from django.forms import BaseForm, ChoiceField
    from django_stubs_ext import StrOrPromise


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """Put a SlipwayError below 500 raised inside onto `form`; ask `form.is_valid()` afterwards.

    Errors whose pointer names a field go to that field, all else to the form as a whole.
    """
    try:
        yield
    except SlipwayError as error:
        if error.status >= 500:
            raise
        tell(form, error)


def tell(form: BaseForm, error: SlipwayError, fields_of: Mapping[str, str] | None = None) -> None:
    """Put each finding at the field that its pointer names (`fields_of` renames), the rest above the form."""
    findings: Iterable[Mapping[str, str]] = error.fields.get("errors") or [{"pointer": "", "detail": error.detail}]
    for finding in findings:
        name = field_at(form, finding.get("pointer", ""), fields_of)
        form.add_error(name, " ".join(part for part in (finding["detail"], error.next) if part))


def field_at(form: BaseForm, pointer: str, fields_of: Mapping[str, str] | None = None) -> str | None:
    """The field that a pointer leads to, or into; None where the form has none of it."""
    renamed = fields_of or {}
    steps = [renamed.get(step, step) for step in pointer.strip("/").split("/")]
    return next((step for step in reversed(steps) if step in form.fields), None)


def lasting_name() -> CharField:
    """A field for a name that is given once."""
    return CharField(
        label=_("Name"),
        strip=False,
        help_text=_("1 to 63 lower-case letters, digits and hyphens. It cannot be changed later."),
    )


def offer(form: BaseForm, name: str, choices: Sequence[tuple[str, StrOrPromise]]) -> None:
    """Let people choose among `choices` at the field of that name."""
    cast("ChoiceField", form.fields[name]).choices = choices
