"""The permission to see personal columns."""

from django.db import models


class Lake(models.Model):
    """The lake as something to have permissions on; it has no rows."""

    class Meta:
        """Nothing is stored; the permission is all there is."""

        managed = False
        default_permissions = ()
        permissions = [("view_personal", "May see personal columns unmasked and filter on them")]
