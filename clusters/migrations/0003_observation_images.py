from typing import Any

from django.db import migrations, models

from clusters.images_column import LONGEST_IMAGES, images_text

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
    dependencies = [("clusters", "0002_observation_state")]

    operations = [
        migrations.AddField(
            model_name="observation",
            name="images",
            field=models.CharField(
                help_text="of a Deployment, by clusters.images_column; else null",
                max_length=LONGEST_IMAGES,
                null=True,
            ),
        ),
        migrations.RunPython(note_images, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(
                fields=["cluster", "namespace", "name", "images"],
                condition=models.Q(images__isnull=False),
                name="observation_images",
            ),
        ),
    ]
