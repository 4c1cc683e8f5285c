"""Judging records: Arrow batches of bronze rows in, judged Arrow batches out, without Spark."""
