"""Makes the lake known to Django's permissions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates no table: the model is unmanaged."""

    initial = True
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
        )
    ]
