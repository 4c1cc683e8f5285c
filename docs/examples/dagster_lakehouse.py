"""The lakehouse under Dagster: each layer an asset, the balance sheet a check, a schedule every quarter of an hour.

Dagster is no requirement of the lakehouse and wants a Python environment of its own:

    python3 -m venv dagster && dagster/bin/pip install dagster==1.13.29 dagster-webserver==1.13.29
    make up
    dagster/bin/dagster dev -f docs/examples/dagster_lakehouse.py

Each asset calls jobs/submit.sh, which brings its own environment along; settings come from the environment of Dagster.
"""

import os
import subprocess
from pathlib import Path

import dagster as dg

ROOT = Path(__file__).resolve().parents[2]
# What is Dagster's own, and would hide the lakehouse's Python from its jobs.
FOREIGN = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PYSPARK_PYTHON")


def run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, *command: str) -> int:
    """Run a command of the lakehouse, with its output in the log, and return its exit code."""
    environ = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            context.log.info(line.rstrip())
    return process.returncode


def layer(context: dg.AssetExecutionContext, name: str) -> None:
    """Bring a layer up to date; a job that fails has said why in its last line."""
    if code := run(context, "jobs/submit.sh", f"jobs/{name}.py"):
        raise dg.Failure(f"jobs/{name}.py ended with exit code {code}; its last line in the log says why.")


@dg.asset
def bronze(context: dg.AssetExecutionContext) -> None:
    """Files and topics as they came."""
    layer(context, "bronze")


@dg.asset(deps=[bronze])
def silver(context: dg.AssetExecutionContext) -> None:
    """Records parsed, typed and judged."""
    layer(context, "silver")


@dg.asset(deps=[silver])
def gold(context: dg.AssetExecutionContext) -> None:
    """The metrics."""
    layer(context, "gold")


@dg.asset_check(asset=silver)
def balance(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Nothing is lost or doubled: `make balance` ends well."""
    return dg.AssetCheckResult(passed=run(context, "make", "--silent", "balance") == 0)


pipeline = dg.define_asset_job("pipeline", [bronze, silver, gold])
# One run at a time: a second writer of the lake is refused, which Dagster would show as a failure.
defs = dg.Definitions(
    assets=[bronze, silver, gold],
    asset_checks=[balance],
    jobs=[pipeline],
    schedules=[dg.ScheduleDefinition(job=pipeline, cron_schedule="*/15 * * * *")],
    executor=dg.in_process_executor,
)
