"""How large a query may be; the HTTP contract names these figures."""

CHARACTERS = 2_000
COMPARISONS = 50
DEPTH = 10
LIST_ITEMS = 100
ROWS = 1_000
DEFAULT_ROWS = 10
GROUPS = 100_000
BYTES = 512 * 1024 * 1024
# Of what is written to a file as a whole.
EXPORT_BYTES = 4 * BYTES
EXPORT_SECONDS = 120.0
EXPORTS = 1
# Of all users at a time.
EXPORTS_RUNNING = 4
SECONDS = 5.0
SQL_CHARACTERS = 10_000
SQL_ROWS = 10_000
SQL_BYTES = 16 << 20
SQL_MEMORY = 768 << 20
SQL_SECONDS = 10.0
# Of all users at a time.
SQL_RUNNING = 2
RUNNING = 2
QUESTIONS = 4
