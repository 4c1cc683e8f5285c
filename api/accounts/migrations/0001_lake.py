"""The lake as something to have permissions on, login attempts and sessions, and who may look below gold."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_engineers(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the group `engineer`."""
    apps.get_model("auth", "Group").objects.get_or_create(name="engineer")


class Migration(migrations.Migration):
    """Adds the tables; the lake has none."""

    initial = True
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Lake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
            ],
            options={
                "permissions": [("view_personal", "May see personal columns unmasked and filter on them")],
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LoginAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("at", models.FloatField(help_text="seconds since 1970")),
            ],
            options={"indexes": [models.Index(fields=["key", "at"], name="attempts_by_key")]},
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("refresh", models.CharField(help_text="id of the refresh token to use", max_length=32)),
                ("ends_at", models.FloatField(db_index=True, help_text="seconds since 1970")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RunPython(add_engineers, migrations.RunPython.noop),
    ]
