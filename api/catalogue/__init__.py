"""What the lake holds and where it comes from, straight from the Delta logs: always current, no crawler."""
