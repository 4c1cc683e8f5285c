"""What the workers know of the lake: snapshots of gold, kept fresh beside the requests."""
