"""A dataset and a metric proposed from a sample file, as source to be reviewed; without Spark."""
