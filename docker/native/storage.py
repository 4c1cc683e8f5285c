"""Format the empty storage of a stack's services once."""

import base64
import subprocess
import uuid
from collections.abc import Mapping

from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT


def _java(stack: Stack, service: str, class_path: str, *arguments: str) -> list[str]:
    return [
        str(stack.java),
        f"@{ROOT}/conf/{service}/jvm.options",
        f"-Dlog4j2.configurationFile={ROOT}/conf/{service}/log4j2.properties",
        f"-Dhadoop.home.dir={stack.home}/hdfs",
        f"-Djava.io.tmpdir={stack.home}/run/tmp",
        "-cp",
        class_path,
        *arguments,
    ]


def namenode(stack: Stack) -> dict[str, list[str]]:
    """Return the command that formats the NameNode's storage while it is empty: a second format would be refused."""
    if next(stack.name_dir.glob("current/fsimage_*"), None):  # the last thing that a format writes
        return {}
    class_path = f"{stack.conf}/hadoop:{ROOT}/build/lib/hdfs/*"
    tool = ("org.apache.hadoop.hdfs.server.namenode.NameNode", "-format", "-force", "-clusterid", "lakehouse")
    return {"namenode": _java(stack, "hadoop", class_path, *tool)}


def broker(stack: Stack) -> dict[str, list[str]]:
    """Return the command that formats the broker's storage while it is empty."""
    if (stack.kafka_dir / "meta.properties").exists():
        return {}
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted", f"--cluster-id={cluster}")
    config = f"--config={stack.conf}/kafka/server.properties"
    return {"kafka": _java(stack, "kafka", f"{ROOT}/build/lib/kafka/*", *tool, config)}


def run(stack: Stack, commands: Mapping[str, list[str]]) -> None:
    """Run the commands of programs side by side; raises ServiceError naming the log of what failed."""
    running = {}
    for program, command in commands.items():
        with stack.log(program).open("ab") as log:
            running[program] = subprocess.Popen(command, stdout=log, stderr=log, env=stack.environ())
    failed = [program for program, process in running.items() if process.wait()]
    if failed:
        raise ServiceError(
            f"The storage of {' and '.join(failed)} could not be formatted; "
            f"the reason is in {', '.join(str(stack.log(program)) for program in failed)}."
        )
