from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0013_promotions'),
    ]

    operations = [
        migrations.AddField(
            model_name='promotionitem',
            name='attempts',
            field=models.PositiveIntegerField(default=0),
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
