"""The permission to see personal columns."""

from django.db import models


class Lake(models.Model):
    """The lake as something to have permissions on; it has no rows."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_personal", "May see personal columns unmasked and filter on them")]
