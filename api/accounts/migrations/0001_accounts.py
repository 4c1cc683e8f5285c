"""Login attempts, and the group that may look below gold."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_engineers(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the group `engineer`."""
    apps.get_model("auth", "Group").objects.get_or_create(name="engineer")


class Migration(migrations.Migration):
    """The first state."""

    initial = True
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        migrations.CreateModel(
            name="LoginAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("at", models.FloatField(help_text="seconds since 1970")),
            ],
            options={"indexes": [models.Index(fields=["key", "at"], name="attempts_by_key")]},
        ),
        migrations.RunPython(add_engineers, migrations.RunPython.noop),
    ]
