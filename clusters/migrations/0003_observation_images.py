from django.db import migrations, models

from clusters.images_column import LONGEST_IMAGES


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
    ]
