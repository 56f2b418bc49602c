from django.db import migrations, models


class Migration(migrations.Migration):
    """A lease has an owner. No column is renamed: processes of an older version go on."""

    dependencies = [("webhooks", "0001_sources")]

    operations = [
        migrations.AlterField(
            model_name="webhookdelivery",
            name="leased_until",
            field=models.DateTimeField(db_column="leased_until", null=True),
        ),
        migrations.RenameField(model_name="webhookdelivery", old_name="leased_until", new_name="lease_until"),
        migrations.AddField(
            model_name="webhookdelivery",
            name="lease_owner",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
    ]
