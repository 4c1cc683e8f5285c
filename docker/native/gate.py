"""The gate of the SQL server as a jar, compiled by the Scala compiler that Spark brings along."""

import os
from pathlib import Path

from docker.native.layout import Stack
from lakehouse.settings import ROOT

SOURCE, JAR = Path(__file__).with_name("gate.scala"), ROOT / "build" / "gate.jar"


def compile_gate(stack: Stack) -> dict[str, list[str]]:
    """Return the command that compiles the gate, none where the jar is newer than its source."""
    if JAR.exists() and JAR.stat().st_mtime > SOURCE.stat().st_mtime:
        return {}
    classes = f"{os.environ['SPARK_HOME']}/jars/*"
    java = [str(stack.java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes]
    return {"sql": [*java, "scala.tools.nsc.Main", "-usejavacp", "-d", str(JAR), str(SOURCE)]}
