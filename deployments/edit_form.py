"""What of a release can still be changed before anything of it is written: images, version, strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.models import Release
from deployments.strategy_yaml import as_yaml, from_yaml
from services.images import parse_image
from web.errors import Invalid, SlipwayError

if TYPE_CHECKING:
    from django.http import QueryDict

IMAGE = "image-"


class EditForm(forms.Form):
    """A field for the image of each container of the release, then version and strategy."""

    version = forms.CharField(label=_("Version"), required=False, max_length=200, help_text=_("What people call it."))
    strategy = forms.CharField(
        label=_("Strategy, as YAML"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16}),
        error_messages={"required": _("A release has a strategy, such as type: rolling.")},
    )
    edits = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, release: Release, data: QueryDict | None = None) -> None:
        first = {
            "version": release.version_label,
            "strategy": as_yaml(release.strategy),
            "edits": release.edits,
            **{f"{IMAGE}{name}": image for name, image in release.images.items()},
        }
        super().__init__(data, initial=first)
        images = {
            f"{IMAGE}{name}": forms.CharField(label=_("Image of %(name)s") % {"name": name}, strip=False)
            for name in sorted(release.images)
        }
        self.fields = {**images, **self.fields}

    def clean(self) -> dict[str, Any]:
        """Judge what needs no cluster to be judged."""
        data = super().clean() or {}
        for name in self.fields:
            if name.startswith(IMAGE) and data.get(name):
                try:
                    parse_image(data[name])
                except ValueError as error:
                    self.add_error(name, str(error))
        try:
            data["strategy_read"] = from_yaml(data.get("strategy", ""))
        except ValueError as error:
            self.add_error("strategy", str(error))
        return data

    def wish(self) -> dict[str, Any]:
        """The values as `edit_release` takes them."""
        data = self.cleaned_data
        images = {name.removeprefix(IMAGE): value for name, value in data.items() if name.startswith(IMAGE)}
        return {"images": images, "version": data["version"], "strategy": data["strategy_read"]}

    @property
    def image_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(IMAGE)]

    def put_errors(self, error: SlipwayError) -> None:
        """Show what the command refused beside the fields it is about."""
        findings = error.errors if isinstance(error, Invalid) else []
        for finding in findings:
            first, _slash, rest = finding["pointer"].strip("/").partition("/")
            name = f"{IMAGE}{rest}" if first == "images" else first
            place = f"{rest}: " if first == "strategy" and rest else ""
            self.add_error(name if name in self.fields else None, f"{place}{finding['detail']}")
        if not findings:
            self.add_error(None, " ".join(filter(None, [str(error.detail), str(error.next)])))
