"""Guesses of a name from everywhere are counted at an address of their own: without one, two rows could stand for it."""

from typing import Any

from django.db import migrations

EVERYWHERE = "::"


def join(apps: Any, schema_editor: Any) -> None:
    attempts = apps.get_model("axes", "AccessAttempt").objects.using(schema_editor.connection.alias)
    seen = set()
    # The row that locks longest stays; the failures of the others are added to it.
    for row in attempts.filter(ip_address=None).order_by("username", "-attempt_time", "-id"):
        if row.username in seen:
            row.delete()
            continue
        seen.add(row.username)
        counted = attempts.filter(ip_address=None, username=row.username).values_list("failures_since_start", flat=True)
        attempts.filter(pk=row.pk).update(failures_since_start=sum(counted), ip_address=EVERYWHERE, user_agent="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_tokens"), ("axes", "0010_accessattemptexpiration")]

    operations = [migrations.RunPython(join, migrations.RunPython.noop)]
