"""The metric routes, one for each gold table."""
