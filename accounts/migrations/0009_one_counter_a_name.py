"""Guesses of a name from everywhere are counted at an address of their own: without one, two rows could stand for it.

All but the few names that have several rows are done by one statement, however many names were tried.
"""

from typing import Any

from django.db import migrations
from django.db.models import Count, Q, Sum

EVERYWHERE = "::"


def join(apps: Any, schema_editor: Any) -> None:
    attempts = apps.get_model("axes", "AccessAttempt").objects.using(schema_editor.connection.alias)
    # Also those that are there where this was undone and is done again.
    counters = attempts.filter(Q(ip_address=None) | Q(ip_address=EVERYWHERE))
    counted = counters.order_by().values_list("username").annotate(Count("pk"), Sum("failures_since_start"))
    for username, _rows, failures in counted.filter(pk__count__gt=1):
        # The row that locks longest stays.
        rows = counters.filter(username=username)
        kept = rows.latest("attempt_time", "id")
        rows.exclude(pk=kept.pk).delete()
        rows.update(failures_since_start=failures)
    counters.update(ip_address=EVERYWHERE, user_agent="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_tokens"), ("axes", "0010_accessattemptexpiration")]

    operations = [migrations.RunPython(join, migrations.RunPython.noop)]
