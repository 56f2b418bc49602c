"""Static files under names that carry their hash, imports between ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage that also rewrites `import` lines, which Django leaves off by default."""

    support_js_module_import_aggregation = True
