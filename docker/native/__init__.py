"""HDFS, Kafka and the API server as plain processes of this machine, from packages alone."""
