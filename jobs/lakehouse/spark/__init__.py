"""The only rooms that import pyspark."""
