"""Bronze, silver and gold in one Spark session; with --continuous until Ctrl-C.

Run it with `make pipeline` or `make stream`, or `source conf/env.sh && spark-submit jobs/pipeline.py [--continuous]`.
"""

import argparse
import sys

import bronze
import gold
import silver
from lakehouse.runs import LOG, Run, main
from lakehouse.streams import finish, first_ended


def run(job: Run) -> None:
    """Bring everything that is new through all layers."""
    bronze.run(job)
    silver.run(job)
    gold.run(job)


def follow(job: Run) -> None:
    """Keep all layers up to date until Ctrl-C, which ends each stream after the micro-batch it is in."""
    queries = [*bronze.start(job), *silver.start(job)]
    LOG.info("streaming every %d s; Ctrl-C ends it", job.settings.stream_interval)
    try:
        while (ended := first_ended(queries, job.settings.stream_interval)) is None:
            bronze.look_at_inbox(job)
            gold.run(job)
        ended.awaitTermination()
    except KeyboardInterrupt:
        LOG.info("ending after the running micro-batches")
    finally:
        finish(queries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--continuous", action="store_true", help="keep running until Ctrl-C")
    is_continuous = parser.parse_args().continuous
    sys.exit(
        main("stream" if is_continuous else "pipeline", follow if is_continuous else run, is_continuous=is_continuous)
    )
