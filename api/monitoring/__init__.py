"""What Prometheus reads at `/metrics`: requests, the metrics' versions, the stream's lag, and the jobs' last runs."""
