"""How fast the chain is beside others, and how soon a message is a metric: `make bench` and `make bench-stream`.

Nothing here is a test: times depend on the machine. Counts do not, and `tests/integration/test_counts.py` guards them.
"""
