"""The package that jobs, producers, charts and the API share; importing it starts nothing."""

import os
import sys

from lakehouse import without_pandas

# Spark's Python workers, of which there are several, move Arrow data alone; a driver needs pandas with its session.
if "pyspark.worker" in sys.modules or "PYSPARK_GATEWAY_PORT" in os.environ:
    without_pandas.keep_out()
