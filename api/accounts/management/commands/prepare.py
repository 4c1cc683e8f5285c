"""Makes ready what the server needs: secrets, folders, database."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    """Applies the migrations that are missing; quick and silent when none is."""

    help = "Make secrets and database ready for the server."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate where the database is behind; the secrets were made when the settings were loaded."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
            self.stdout.write("The API's database is up to date.")
