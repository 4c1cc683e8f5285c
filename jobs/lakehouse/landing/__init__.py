"""Files of the inbox into the lake, without Spark."""
