"""The routes of the catalogue: tables, ledger, records and runs, straight from the Delta logs: no crawler."""
