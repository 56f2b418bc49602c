"""What releases, charts and versions may be called: by grammar, so that none can be taken for an option or a path."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from web.errors import Invalid
from web.names import DNS_LABEL

# Helm's own rule (`chartutil.ValidateReleaseName`): at most 53 characters, which leaves room for suffixes.
_RELEASE = re.compile(r"\A(?=.{1,53}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_NAMESPACE = re.compile(rf"\A{DNS_LABEL}\Z")
_CHART = re.compile(r"\A(?=.{1,250}\Z)[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?\Z")
# SemVer 2, with the leading "v" and the missing parts that Helm takes as well.
_VERSION = re.compile(
    r"\A(?=.{1,128}\Z)v?[0-9]+(?:\.[0-9]+){0,2}(?:-[0-9A-Za-z]+(?:[.-][0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z]+(?:[.-][0-9A-Za-z-]+)*)?\Z"
)
# A path of the distribution specification.
_OCI_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_OCI_PATH = re.compile(rf"\A(?=.{{1,255}}\Z){_OCI_PART}(?:/{_OCI_PART})*\Z")


def is_release_name(text: str) -> bool:
    """Whether Helm takes it as the name of a release."""
    return bool(_RELEASE.match(text))


def is_chart_name(text: str) -> bool:
    """Whether it can be a chart's name: no blank, no slash, no hyphen in front."""
    return bool(_CHART.match(text))


def is_version(text: str) -> bool:
    """Whether it is a version of a chart."""
    return bool(_VERSION.match(text))


def is_oci_path(text: str) -> bool:
    """Whether it is the path of a repository in an OCI registry."""
    return bool(_OCI_PATH.match(text))


def checked_release_name(text: str) -> str:
    """The name itself. Raises Invalid at /name."""
    if not is_release_name(text):
        raise Invalid.at(
            "/name",
            "release_name",
            _("Use 1 to 53 lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit."),
        )
    return text


def checked_namespace(text: str) -> str:
    """The namespace itself. Raises Invalid at /namespace."""
    if not _NAMESPACE.match(text):
        raise Invalid.at("/namespace", "dns_label", _("That is not the name of a namespace."))
    return text


def checked_version(text: str) -> str:
    """The version itself, "" for the newest. Raises Invalid at /version."""
    if text and not is_version(text):
        raise Invalid.at("/version", "version", _("Write a version as 1.2.3, or leave it out for the newest."))
    return text
