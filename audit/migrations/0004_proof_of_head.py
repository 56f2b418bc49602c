from django.db import migrations


def prove(apps, schema_editor):
    """The head as it stands gets the proof that every later one is written with."""
    from durable.encryption import seal

    heads = apps.get_model("audit", "ChainHead").objects
    for head in heads.filter(proof=None, number__gt=0):
        proof = seal({"number": head.number, "hash": head.hash}, bound_to=f"audit_chainhead/{head.pk}")
        heads.filter(pk=head.pk).update(proof=proof)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_whole_log")]

    operations = [migrations.RunPython(prove, migrations.RunPython.noop)]
