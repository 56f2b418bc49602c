"""Static files under names that carry their hash, imports between ES modules included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage that also rewrites `import` lines, which Django leaves off by default.

    Where nothing was collected yet, as in tests, every file keeps its own name.
    """

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        """The name with the hash, from the manifest that `manage.py collectstatic` wrote."""
        return str(super().stored_name(name)) if self.hashed_files else name
