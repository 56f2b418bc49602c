"""An analysis template as YAML: the fields as the API takes them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.analysis.rules import FIELDS
from deployments.engine.json import Json
from deployments.engine.strategies import AnalysisTemplate
from deployments.typed_yaml import read_typed, to_yaml

DEFAULTS = AnalysisTemplate("")
# PromQL and conditions may be no more than a number, and a name may look like one.
_TEXTS = ("name", "team", "description", *(name for name in FIELDS if isinstance(getattr(DEFAULTS, name), str)))


def as_yaml(fields: Json) -> str:
    """The fields in the order in which the form has them, without those that say nothing."""
    order = ("name", "team", "description", "compare", *FIELDS)
    shown = {name: fields[name] for name in dict.fromkeys(order) if fields.get(name) not in (None, "", {})}
    return to_yaml(shown)


def from_yaml(text: str) -> Json:
    """The whole template: fields that the text leaves out have their defaults. Raises ValueError in words."""
    given = read_typed(text, texts=_TEXTS)
    if given is None:
        raise ValueError(_("There is no YAML here. Write the fields of the template, such as query and success."))
    defaults = {name: getattr(DEFAULTS, name) for name in FIELDS}
    return {"description": "", **defaults, **given}
