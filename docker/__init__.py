"""The services by Docker (compose.yaml) and without it (native)."""
