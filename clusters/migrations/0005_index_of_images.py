from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clusters", "0004_note_images")]

    operations = [
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(
                fields=["cluster", "namespace", "name", "images"],
                condition=models.Q(images__isnull=False),
                name="observation_images",
            ),
        ),
    ]
