"""The page at `/`: the metrics and the state of the lake for people, built on the API's own routes."""
