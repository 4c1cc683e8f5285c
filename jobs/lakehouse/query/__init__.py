"""Questions about tables: conditions, bounded scans, masks and SQL; the API and `make sql` ask by these alone."""
