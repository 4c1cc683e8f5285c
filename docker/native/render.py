"""Fill the templates of conf/hadoop and conf/kafka with the settings of a stack, and format its empty storage once."""

import base64
import os
import shlex
import subprocess
import uuid
from pathlib import Path
from string import Template

from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT, read_env_file

TEMPLATES = ("hadoop/core-site.xml", "hadoop/hdfs-site.xml", "kafka/server.properties")
# Beside the settings of conf/lakehouse.env, these reach the API server from the environment.
PREFIXES = ("API_", "DJANGO_", "LAKEHOUSE_")


def values(stack: Stack) -> dict[str, str]:
    """Return what the templates may name: the ports and STACK_HOME."""
    return {**{name: str(port) for name, port in stack.settings.ports.items()}, "STACK_HOME": str(stack.home)}


def render(stack: Stack) -> dict[Path, str]:
    """Return the text of each configuration file of the stack by its path.

    Raises ServiceError for a template that names an unknown setting.
    """
    texts = {}
    for name in TEMPLATES:
        try:
            texts[stack.conf / name] = Template((ROOT / "conf" / name).read_text("utf-8")).substitute(values(stack))
        except (KeyError, ValueError) as error:
            raise ServiceError(
                f"conf/{name} cannot be filled in ({error}): only the ports of conf/lakehouse.env and STACK_HOME "
                "may stand there as ${NAME}, and a plain $ is written $$."
            ) from error
    return texts


def write(stack: Stack) -> None:
    """Write the configuration files of the stack."""
    for path, text in render(stack).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def settings_text(stack: Stack) -> str:
    """Return the settings of today's environment as lines of a shell script."""
    names = sorted(set(read_env_file()) | {name for name in os.environ if name.startswith(PREFIXES)})
    given = {name: os.environ.get(name) for name in names}
    lines = [f"export {name}={shlex.quote(value)}" if value else f"unset {name}" for name, value in given.items()]
    return "\n".join([*lines, f"export STACK_HOME={shlex.quote(str(stack.home))}", ""])


def write_settings(stack: Stack) -> bool:
    """Write the settings to conf/settings.sh, which the API server sources at each start; tell whether they changed.

    Only its owner may read the file: a setting can be a secret.
    """
    path, text = stack.conf / "settings.sh", settings_text(stack)
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return True


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


def format_commands(stack: Stack) -> dict[str, list[str]]:
    """Return the command per service whose storage is still empty: a second format of the NameNode would be refused."""
    commands = {}
    if not next(stack.name_dir.glob("current/fsimage_*"), None):  # the last thing that a format writes
        class_path = f"{stack.conf}/hadoop:{ROOT}/build/lib/hdfs/*"
        tool = ("org.apache.hadoop.hdfs.server.namenode.NameNode", "-format", "-force", "-clusterid", "lakehouse")
        commands["namenode"] = _java(stack, "hadoop", class_path, *tool)
    if not (stack.kafka_dir / "meta.properties").exists():
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted", f"--cluster-id={cluster}")
        config = f"--config={stack.conf}/kafka/server.properties"
        commands["kafka"] = _java(stack, "kafka", f"{ROOT}/build/lib/kafka/*", *tool, config)
    return commands


def format_storage(stack: Stack) -> None:
    """Format the storage that is still empty, side by side; raises ServiceError naming the log of what failed."""
    running = {}
    for program, command in format_commands(stack).items():
        with stack.log(program).open("ab") as log:
            running[program] = subprocess.Popen(command, stdout=log, stderr=log, env=stack.environ())
    failed = [program for program, process in running.items() if process.wait()]
    if failed:
        raise ServiceError(
            f"The storage of {' and '.join(failed)} could not be formatted; "
            f"the reason is in {', '.join(str(stack.log(program)) for program in failed)}."
        )
