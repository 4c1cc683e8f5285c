"""Format the empty storage of a stack's services once."""

import base64
import os
import re
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from docker.native import credentials
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT

_STORAGE_TOOL = "kafka.tools.StorageTool"
# What guards the SQL server, and the jar of it that the Scala compiler of Spark makes.
GATE, GATE_JAR = Path(__file__).with_name("gate.scala"), ROOT / "build" / "gate.jar"


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
    if next((stack.home / "hdfs" / "name" / "current").glob("fsimage_*"), None):  # the last thing that a format writes
        return {}
    class_path = f"{stack.conf}/hadoop:{ROOT}/build/lib/hdfs/*"
    tool = ("org.apache.hadoop.hdfs.server.namenode.NameNode", "-format", "-force", "-clusterid", "lakehouse")
    return {"namenode": _java(stack, "hadoop", class_path, *tool)}


def broker(stack: Stack) -> dict[str, list[str]]:
    """Return the command that formats the broker's storage while it is empty."""
    if (stack.home / "kafka" / "meta.properties").exists():
        return {}
    return {"kafka": _format_broker(stack, "server.properties", _new_cluster(), "--standalone")}


def secure_broker(stack: Stack) -> dict[str, list[str]]:
    """Make the secrets that are missing, and return the command that formats a broker's storage with its users."""
    credentials.make(stack.secrets)
    commands = broker(stack)
    for command in commands.values():
        tool = command.index(_STORAGE_TOOL)
        words = [*command[tool:], *(_scram(stack, user) for user in credentials.USERS)]
        # Every process of the machine sees a command line; Java takes its own from a file.
        arguments = stack.secrets / "format.args"
        credentials.write(arguments, "\n".join(f'"{word}"' for word in words).encode())
        command[tool:] = [f"@{arguments}"]
    return commands


def _scram(stack: Stack, user: str) -> str:
    password = (stack.secrets / f"{user}.password").read_text("utf-8")
    return f"--add-scram=SCRAM-SHA-512=[name={user},password={password}]"


def brokers(stack: Stack) -> dict[str, list[str]]:
    """Return the commands that format the storage of each of three brokers while it is empty, as one cluster."""
    folders = {"kafka": "1", "kafka2": "2", "kafka3": "3"}
    notes = {program: stack.home / "kafka" / folder / "meta.properties" for program, folder in folders.items()}
    known = [re.findall(r"(?m)^cluster\.id=(.*)$", note.read_text()) for note in notes.values() if note.exists()]
    cluster = known[0][0] if known else _new_cluster()
    return {
        program: _format_broker(stack, f"{program.replace('kafka', 'server')}.properties", cluster)
        for program, note in notes.items()
        if not note.exists()
    }


def _new_cluster() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]


def _format_broker(stack: Stack, config: str, cluster: str, *more: str) -> list[str]:
    tool = (_STORAGE_TOOL, "format", "--ignore-formatted", f"--cluster-id={cluster}", *more)
    return _java(stack, "kafka", f"{ROOT}/build/lib/kafka/*", *tool, f"--config={stack.conf}/kafka/{config}")


def s3(stack: Stack) -> dict[str, list[str]]:
    """Make the keys of the S3 server while there are none; its storage needs no command."""
    if not (stack.home / "s3" / "credentials").exists():
        credentials.make_s3_keys(stack.home / "s3")
    return {}


def sql(stack: Stack) -> dict[str, list[str]]:
    """Return the command that compiles the gate of the SQL server, none where the jar is newer than its source."""
    if GATE_JAR.exists() and GATE_JAR.stat().st_mtime > GATE.stat().st_mtime:
        return {}
    java = [str(stack.java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{os.environ['SPARK_HOME']}/jars/*"]
    return {"sql": [*java, "scala.tools.nsc.Main", "-usejavacp", "-d", str(GATE_JAR), str(GATE)]}


def run(stack: Stack, commands: Mapping[str, list[str]]) -> None:
    """Run the commands of programs side by side; raises ServiceError naming the log of what failed."""
    running = {}
    for program, command in commands.items():
        with stack.log(program).open("ab") as log:
            running[program] = subprocess.Popen(command, stdout=log, stderr=log, env=stack.environ())
    failed = [program for program, process in running.items() if process.wait()]
    (stack.secrets / "format.args").unlink(missing_ok=True)
    if failed:
        raise ServiceError(
            f"The storage of {' and '.join(failed)} could not be formatted; "
            f"the reason is in {', '.join(str(stack.log(program)) for program in failed)}."
        )
