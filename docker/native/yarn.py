"""Run a job whose driver is in a container of YARN, as if it ran here: `python -m docker.native.yarn spark-submit …`.

What the driver says is shown while it runs, its exit code is this command's, and Ctrl-C ends it.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from docker.native.console import run
from lakehouse.errors import LakehouseError, ServiceError
from lakehouse.settings import load

INTERRUPTED = 130
# The highest exit code of a driver that fails by itself.
OWN = 2
# Seconds between two looks at what the driver has said.
PERIOD = 2.0


def resource_manager(conf: Path) -> str:
    """Return the ResourceManager's HTTP address by the yarn-site.xml of a folder; raises ServiceError without one."""
    path = conf / "yarn-site.xml"
    try:
        properties = ElementTree.parse(path).getroot().iter("property")
    except (OSError, ElementTree.ParseError) as error:
        raise ServiceError(
            f"{path} cannot be read ({error}): HADOOP_CONF_DIR must be the folder of the cluster's configuration. "
            f"For the cluster of this machine run `make up PROFILE=cluster`."
        ) from error
    told = {one.findtext("name"): one.findtext("value") for one in properties}
    host = told.get("yarn.resourcemanager.hostname", "localhost")
    return f"http://{told.get('yarn.resourcemanager.webapp.address', f'{host}:8088')}"


@dataclass
class Application:
    """An application on YARN: where its ResourceManager is asked, the tag that it was given, and what was shown of it.

    `report` is what the ResourceManager said last; empty before YARN has taken the application.
    """

    manager: str
    tag: str
    shown: int = 0
    report: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Ask how it stands, and show what its driver has said since; a node that is gone says nothing more."""
        with contextlib.suppress(OSError, ValueError, LookupError):
            asked = f"{self.manager}/ws/v1/cluster/apps?applicationTags={self.tag}"
            self.report = json.loads(_get(asked))["apps"]["app"][0]
            container = re.findall(r"container_\w+", self.report["amContainerLogs"])[0]
            log = _get(f"http://{self.report['amHostHttpAddress']}/ws/v1/node/containers/{container}/logs/stdout")
            # What the driver wrote stands between what YARN says of it.
            text = log.partition("\nLogContents:\n")[2].rpartition("\nEnd of LogType:stdout")[0]
            sys.stdout.write(text[self.shown :])
            sys.stdout.flush()
            self.shown = max(self.shown, len(text))

    def kill(self) -> None:
        """End it as `yarn application -kill` does."""
        if self.report:
            command = ["org.apache.hadoop.yarn.client.cli.ApplicationCLI", "application", "-kill", self.report["id"]]
            path = f"{os.environ['HADOOP_CONF_DIR']}:{os.environ['SPARK_HOME']}/jars/*"
            subprocess.run(["java", "-cp", path, *command], capture_output=True, check=False)

    def exit_code(self) -> int:
        """Return 0 where it went well, else what its driver ended with."""
        if self.report["finalStatus"] == "SUCCEEDED":
            return 0
        told = self.report["diagnostics"]
        # Of a driver that ended before its session was there YARN says 13; its own code is in what Spark logged of it.
        code = re.search(r"User application exited with (?:status )?(\d+)", told) or re.search(r"exitCode: (\d+)", told)
        return int(code[1]) if code and code[1] != "0" else 1


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def follow(command: list[str], manager: str) -> int:
    """Run spark-submit and show what the driver says; return the driver's exit code, 130 where Ctrl-C ended it."""
    application = Application(manager, f"lakehouse-{uuid.uuid4().hex}")
    with tempfile.TemporaryFile("w+") as log:
        tagged = [*command[:1], "--conf", f"spark.yarn.tags={application.tag}", *command[1:]]
        # The checkout's own PYTHONPATH is none of a container's.
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = subprocess.Popen(tagged, stdout=log, stderr=log, env=environ)
        try:
            while process.poll() is None:
                time.sleep(PERIOD)
                application.look()
        except KeyboardInterrupt:
            application.kill()
            process.terminate()
            process.wait()
            return INTERRUPTED
        application.look()
        log.seek(0)
        if not application.report:
            raise LakehouseError(f"YARN took no application ({_reason(log.readlines())}). Run `make status`.")
    if application.shown:
        sys.stdout.write("\n")
    code = application.exit_code()
    # A driver that fails says why and ends with 1 or 2; of one that was ended from outside only YARN knows.
    if code and (code > OWN or not application.shown):
        why = (application.report["diagnostics"].strip().splitlines() or ["nobody knows why"])[0][:300]
        sys.stderr.write(
            f"{application.report['id']} was ended: {why} Run it again: it goes on from the last commit. What its "
            f"containers said is at {manager}/cluster/app/{application.report['id']}.\n"
        )
    return code


def _reason(lines: list[str]) -> str:
    errors = [line for line in lines if re.search(r"Exception|ERROR|Error", line)]
    return next(iter(errors or lines[-1:]), "spark-submit said nothing").strip()[:400]


def main() -> None:
    """Run the command that was given, and end as the driver did."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    load()
    sys.exit(follow(sys.argv[1:], resource_manager(Path(os.environ["HADOOP_CONF_DIR"]))))


if __name__ == "__main__":
    run(main)
