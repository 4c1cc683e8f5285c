"""The filter language: one SQL condition, parsed by sqlglot, checked node by node, compiled to an Arrow expression."""
