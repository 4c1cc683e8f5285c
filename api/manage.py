"""Django's command line for the API: `PYTHONPATH=api:jobs python api/manage.py <command>`."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError

API = Path(__file__).resolve().parent


def main() -> None:
    """Run one command with the API's settings; an error that a user can act on is one line, not a trace."""
    sys.path[:0] = [str(API), str(API.parent / "jobs")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from lakehouse import logs
    from lakehouse.errors import LakehouseError

    try:
        execute_from_command_line(sys.argv)
    except LakehouseError as error:
        logs.tell("", error)
        sys.exit(error.exit_code)
    except DatabaseError as error:
        from django.conf import settings

        name = settings.DATABASES["default"]["NAME"]
        way = "Bring it back from a copy, or delete it after `make down`: users and logins go with it."
        if isinstance(error, OperationalError):
            way = "See that this user may write to its folder and that its disk is not full, and run it again."
        logs.tell("", f"The database of the API, {name}, cannot be used ({error}). {way}")
        sys.exit(1)


if __name__ == "__main__":
    main()
