"""Charts of silver and gold as PNG files, read from the Delta tables without Spark."""
