from typing import Any

from django.db import migrations, models

from clusters.judging import judge

BATCH = 1000


def judge_rows(apps: Any, schema_editor: Any) -> None:
    """Judge what was seen before there was a column for it."""
    observations = apps.get_model("clusters", "Observation").objects
    batch = []
    for row in observations.filter(kind="Deployment").only("pk", "slim").iterator(chunk_size=BATCH):
        row.state = judge(row.slim)
        batch.append(row)
        if len(batch) == BATCH:
            observations.bulk_update(batch, ["state"])
            batch = []
    observations.bulk_update(batch, ["state"])


class Migration(migrations.Migration):
    dependencies = [("clusters", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="observation",
            name="state",
            field=models.CharField(
                blank=True, help_text="of a Deployment, by clusters.judging; else empty", max_length=16
            ),
        ),
        migrations.RunPython(judge_rows, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(fields=["kind", "state", "cluster", "namespace", "name"], name="observation_state"),
        ),
    ]
