"""The whole chain on simulated data, to the four metrics over HTTP: `make demo`.

Files for three datasets, advertising events and some transactions by Kafka, 2 % broken records, 20 messages that
repeat records of the file. Run again it changes no number: files are known by their content, and what was sent for a
seed is not sent again.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence

from balance import sheet
from lakehouse import clients, logs
from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.lake.ledger import balance
from lakehouse.logs import say
from lakehouse.metrics import METRICS
from lakehouse.settings import ROOT, load

LOG = ROOT / "build" / "demo.log"
DEMO_USER = ROOT / "build" / "demo.json"
_ERRORS = ("--errors", "0.02")
_SHOWN_ROWS = 5

# A line of a job for a table that is done, and how many tables there are.
_DONE = re.compile(r"^(?:bronze|silver|gold) +\w+ .* s$", re.MULTILINE)
_TABLES = 2 * len(DATASETS) + len(METRICS)

# Title of a stage, and the commands that it runs.
STAGES: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("HDFS and Kafka start", (("make", "up"),)),
    (
        "files are simulated",
        (("python", "-m", "producers.simulate", "--datasets", "transactions", "logs", "social_data", *_ERRORS),),
    ),
    (
        "messages are sent to Kafka",
        (
            ("python", "-m", "producers.produce", "--datasets", "ad_campaigns", *_ERRORS),
            (
                *("python", "-m", "producers.produce", "--datasets", "transactions"),
                *("--rows", "300", "--skip", "1000", "--repeats", "20"),
            ),
        ),
    ),
    ("Spark: bronze, silver, gold", (("make", "pipeline"),)),
    ("charts are drawn", (("make", "viz"),)),
    ("the API starts", (("make", "user"), ("make", "api"))),
)


class StageError(LakehouseError):
    """Raised when a command of the demo fails; its message ends with what the command printed last."""

    def __init__(self, command: Sequence[str], output: str) -> None:
        last = "\n".join(output.strip().splitlines()[-8:])
        super().__init__(f"`{' '.join(command)}` failed:\n{last}\nAll of its output is in {LOG}.")


def main() -> int:
    """Run the stages, each with a line and its seconds, then ask the API and print what it says."""
    began = time.monotonic()
    try:
        _begin_log()
        for title, commands in STAGES:
            _stage(title, commands)
        _answers()
    except LakehouseError as error:
        logs.tell("demo", error)
        return error.exit_code
    except KeyboardInterrupt:
        logs.tell("demo", "stopped; run `make demo` again to go on, or `make down`")
        return 130
    say(f"All of it took {time.monotonic() - began:.0f} s.\n")
    return 0


def _begin_log() -> None:
    try:
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("", encoding="utf-8")
    except OSError as error:
        raise LakehouseError(f"{LOG} cannot be written ({error.strerror}). Let this user write there.") from error


def _stage(title: str, commands: Sequence[Sequence[str]]) -> None:
    began = time.monotonic()
    for command in commands:
        output = ""
        try:
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
                for output in _outputs(process):
                    _show(_progress(title, output, time.monotonic() - began))
        finally:
            _show("")
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n")
        if process.returncode:
            raise StageError(command, output)
    say(f"  {title:<34}{time.monotonic() - began:6.1f} s")


def _outputs(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield all that a process has said so far, twice a second, until it ends, and then all of it."""
    is_over = False
    while not is_over:
        try:
            said, is_over = process.communicate(timeout=0.5)[0], True
        except subprocess.TimeoutExpired as waiting:
            said = waiting.output or b""
        yield said.decode(errors="replace")


def _progress(title: str, output: str, seconds: float) -> str:
    """Return what runs, for how long, how many tables are done of all, and what was said last."""
    done = {tuple(line.split()[:2]) for line in _DONE.findall(output)}
    last = " ".join(" ".join(output.splitlines()[-1:]).split())
    return f"  {title:<34}{seconds:4.0f} s  {f'{len(done)} of {_TABLES} tables  ' if done else ''}{last}"


def _show(line: str) -> None:
    """Show a line on a terminal, in place of the one before; nothing in a pipe."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{_printable(line, shutil.get_terminal_size().columns - 1)}")
        sys.stdout.flush()


def _answers() -> None:
    """Print the balance sheet, the four metrics as the API answers them, and what to do next."""
    say("\nBalance sheet, in records\n")
    settings = load()
    clients.prepare(settings, settings.hdfs_reader)
    say(sheet(balance(Lake.of(settings))))
    user = json.loads(DEMO_USER.read_text(encoding="utf-8"))
    credentials = json.dumps({"username": user["username"], "password": user["password"]}).encode()
    token = json.loads(_ask(f"{user['url']}/api/token/", credentials))["access"]
    for metric in METRICS.values():
        path = f"/api/{metric.name.replace('_', '-')}/"
        _table(path, metric.comment, json.loads(_ask(user["url"] + path, token=token)))
    _next_steps(user["url"])


def _ask(url: str, body: bytes | None = None, token: str | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30, context=load().api_trust) as response:
            return bytes(response.read())
    except OSError as error:
        logs = load().stack_home / "logs"
        raise LakehouseError(f"The API did not answer {url}: {error}. Its logs are in {logs}.") from error


def _table(path: str, title: str, rows: list[dict[str, object]]) -> None:
    say(f"\nGET {path}   {title}\n")
    columns = list(rows[0]) if rows else []
    say("  " + "".join(f"{name:<28}" for name in columns).rstrip())
    for row in rows[:_SHOWN_ROWS]:
        cells = (_printable(row[name]) for name in columns)
        say("  " + "".join(f"{cell:<28}" for cell in cells).rstrip())
    if len(rows) > _SHOWN_ROWS:
        say(f"  … {len(rows) - _SHOWN_ROWS} more")


def _printable(value: object, width: int = 26) -> str:
    """Return a value for a terminal: short, and without the control characters that data may hold."""
    text = f"{value:,.2f}" if isinstance(value, float) else str(value)
    return "".join(c if c.isprintable() else "�" for c in text)[:width]


def _next_steps(url: str) -> None:
    charts = sorted((ROOT / "build" / "charts").rglob("*.png"))
    say(f"\nCharts: {len(charts)} PNGs in {os.path.relpath(ROOT / 'build' / 'charts')}/{{silver,gold}}")
    first = f"{url}/api/{next(iter(METRICS)).replace('_', '-')}/"
    user = os.path.relpath(DEMO_USER)
    trusted = load().values["API_TLS_CAFILE"]
    curl = f"curl -s --cacert {trusted}" if trusted else "curl -s"
    say(f"""
Ask yourself, the password is in {user}:

  TOKEN=$({curl} {url}/api/token/ -H 'Content-Type: application/json' -d @{user} \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["access"])')
  {curl} {first} -H "Authorization: Bearer $TOKEN"

Next: make status    what is running         make produce ARGS=--follow   and, elsewhere, make stream
      make balance   the balance sheet       make down                    stop everything
""")


if __name__ == "__main__":
    sys.exit(main())
