"""Give this database's portal its name at once: two processes must never come up with two."""

from typing import Any

from django.db import migrations


def name_the_portal(apps: Any, schema_editor: Any) -> None:
    apps.get_model("deployments", "Portal").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]

    operations = [migrations.RunPython(name_the_portal, migrations.RunPython.noop, elidable=False)]
