"""The examples for other schedulers, each in an environment of its own with what it needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from chain import Chain, check, hadoop_conf, make_chain
from stack import RunningStack

from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

EXAMPLE = ROOT / "docs" / "examples" / "dagster_lakehouse.py"
# Runs what the example defines, in Dagster's own process.
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
import dagster, dagster_lakehouse
job = dagster_lakehouse.defs.resolve_job_def("pipeline")
with dagster.DagsterInstance.ephemeral() as instance:
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    print("checks", [e.passed for e in result.get_asset_check_evaluations()], "success", result.success)
"""


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the Dagster that the example names."""
    folder = tmp_path_factory.mktemp("dagster")
    wanted = re.search(r"dagster==[\d.]+", EXAMPLE.read_text("utf-8"))
    assert wanted
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", wanted[0]]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{wanted[0]} cannot be had: {done.stderr.strip()[-200:]}")
    return folder / "bin" / "python"


def test_dagster_brings_the_layers_up_to_date(stack: RunningStack, dagster: Path, tmp_path: Path) -> None:
    with hadoop_conf(stack):
        chain: Chain = make_chain(stack, "dagster", tmp_path / "inbox")
        chain.files(100, 42, 0.02)
        done = run(chain, dagster, tmp_path)
        assert "checks [True] success True" in done.stdout, done.stdout + done.stderr
        check(chain)
        refused = run(chain, dagster, tmp_path, KAFKA_BOOTSTRAP_SERVERS="localhost:9")
        assert "success False" in refused.stdout
        assert "Kafka at localhost:9 does not answer" in refused.stderr
        assert "jobs/bronze.py ended with exit code 1" in refused.stderr


def run(chain: Chain, dagster: Path, home: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the example's job on a lake: three jobs, each with a Spark session of its own."""
    environ = chain.environ | {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes"} | changes
    command = [str(dagster), "-c", RUN, str(EXAMPLE.parent)]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
