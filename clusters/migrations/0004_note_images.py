from typing import Any

from django.db import migrations

from clusters.images_column import images_text

BATCH = 1000


def note_images(apps: Any, schema_editor: Any) -> None:
    """Note what was seen before there was a column for it."""
    observations = apps.get_model("clusters", "Observation").objects
    batch = []
    for row in observations.filter(kind="Deployment").only("pk", "slim").iterator(chunk_size=BATCH):
        row.images = images_text(row.slim)
        batch.append(row)
        if len(batch) == BATCH:
            observations.bulk_update(batch, ["images"])
            batch = []
    observations.bulk_update(batch, ["images"])


class Migration(migrations.Migration):
    """Batch by batch, each committed: in one transaction with the new column nobody could read the table meanwhile."""

    atomic = False
    dependencies = [("clusters", "0003_observation_images")]

    operations = [migrations.RunPython(note_images, migrations.RunPython.noop)]
