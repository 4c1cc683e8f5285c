"""Django's command line for the API: `PYTHONPATH=api:jobs python api/manage.py <command>`."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

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


if __name__ == "__main__":
    main()
