"""Reading an uploaded chart archive: a form with a file, or the bare archive as the body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO, Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from charts.archive import MAX_ARCHIVE_BYTES, MIB
from charts.errors import ArchiveTooLarge


class Upload(dict[str, str]):
    """The fields of an upload, for telling two apart; the archive itself stands beside them."""

    content: bytes

    @classmethod
    def of(cls, content: bytes, team: str = "") -> Upload:
        """An upload of this archive."""
        if len(content) > MAX_ARCHIVE_BYTES:
            raise ArchiveTooLarge(
                _("A chart archive may have at most %(size)d MiB.") % {"size": MAX_ARCHIVE_BYTES // MIB}
            )
        made = cls(sha256=hashlib.sha256(content).hexdigest(), team=team)
        made.content = content
        return made


class ArchiveParser(BaseParser):
    """The body is the archive."""

    media_type = "application/gzip"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Upload:
        return Upload.of(stream.read(MAX_ARCHIVE_BYTES + 1))


class BinaryParser(ArchiveParser):
    media_type = "application/octet-stream"


class TarParser(ArchiveParser):
    media_type = "application/x-gzip"


class FormParser(MultiPartParser):
    """A form with one file, whatever its field is called, and maybe `team`."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        form = super().parse(stream, media_type, parser_context)
        files = [file for held in form.files.lists() for file in held[1]]
        if len(files) != 1:
            raise ParseError(_("Send one file, the chart archive."))
        fields: QueryDict = form.data
        return Upload.of(files[0].read(MAX_ARCHIVE_BYTES + 1), str(fields.get("team") or ""))
