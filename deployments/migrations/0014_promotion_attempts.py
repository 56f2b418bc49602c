from django.db import migrations, models


class Migration(migrations.Migration):
    """Processes of an older version go on: what they write has made no attempt yet."""

    dependencies = [
        ('deployments', '0013_promotions'),
    ]

    operations = [
        migrations.AddField(
            model_name='promotionitem',
            name='attempts',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='promotionitem',
            name='try_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='promotionitem',
            name='unreachable_since',
            field=models.DateTimeField(null=True),
        ),
    ]
