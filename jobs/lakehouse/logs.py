"""Log lines, and the messages that a command ends with: text, or with LOG_FORMAT=json one JSON object a line."""

import errno
import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from types import TracebackType

from lakehouse.errors import OutputError, SettingError
from lakehouse.settings import given

# What each line of this process says beside its own words: which job it is, and which run.
ALWAYS: dict[str, object] = {}


class JsonLines(logging.Formatter):
    """Makes a JSON object of a record: `time` (UTC), `level`, `message`, ALWAYS, and the record's `fields`.

    A failure that nobody foresaw has its trace beside it. All but ASCII is escaped: text out of the data does nothing
    to a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": re.sub(" {2,}", " ", record.getMessage()).strip(),
            **ALWAYS,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def is_json() -> bool:
    """Return whether lines are JSON objects; where the settings cannot be read, the environment alone counts."""
    try:
        return given()["LOG_FORMAT"] == "json"
    except SettingError:
        return os.environ.get("LOG_FORMAT") == "json"


def start(job: str) -> None:
    """Let the lines of a job go to standard output; those of libraries only where they are critical."""
    handler = logging.StreamHandler(sys.stdout)
    if is_json():
        ALWAYS["job"] = job
        handler.setFormatter(JsonLines())
        sys.excepthook = _tell_failure
    logging.basicConfig(level=logging.CRITICAL, format="%(message)s", handlers=[handler])


def _tell_failure(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger().critical("%s: %s", type(error).__name__, error, exc_info=(type(error), error, trace))


def say(line: str) -> None:
    """Write a line to standard output at once; where its reader has left, as in `make up | head -1`, go on unread.

    Raises OutputError where it cannot be written for another cause, such as a full disk.
    """
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        unread(error)


def unread(error: OSError) -> None:
    """Write nothing more to standard output after an error of it; raises OutputError unless its reader has left.

    An error that is none of writing is raised again.
    """
    if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO):
        raise error
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        raise OutputError(error.strerror) from error


def tell(command: str, message: object, level: int = logging.ERROR) -> None:
    """Write what went wrong in a command to standard error, in one line or as one JSON object."""
    if not is_json():
        sys.stderr.write(f"{command}: {message}\n" if command else f"{message}\n")
        return
    record = logging.LogRecord(command, level, "", 0, str(message), None, None)
    record.fields = {"job": command} if command else {}
    sys.stderr.write(f"{JsonLines().format(record)}\n")
