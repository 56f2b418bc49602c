from django.db import migrations, models


class Migration(migrations.Migration):
    """Whoever looks for the release that has waited longest reads no other."""

    dependencies = [
        ('deployments', '0014_promotion_attempts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='release',
            index=models.Index(
                condition=models.Q(('ended', False), ('queued_at__isnull', False)),
                fields=['queued_at'],
                name='release_waiting',
            ),
        ),
    ]
