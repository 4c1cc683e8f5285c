"""The group whose users may ask in SQL."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_analysts(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the group `analyst`."""
    apps.get_model("auth", "Group").objects.get_or_create(name="analyst")


class Migration(migrations.Migration):
    """Adds the group."""

    dependencies = [("lakehouse", "0001_lake")]
    operations = [migrations.RunPython(add_analysts, migrations.RunPython.noop)]
