"""The package that jobs, producers, charts and the API share; importing it starts nothing."""

import sys

from lakehouse import without_pandas

# Spark's Python workers move Arrow data, and there are several of them.
if "pyspark.worker" in sys.modules:
    without_pandas.keep_out()
