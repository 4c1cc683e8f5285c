"""The routes of queries: a condition over a table by pages or as one file, and SQL; each with its limits."""
