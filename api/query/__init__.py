"""The query endpoint: a filter language without SQL, bounded scans, pages of a pinned version."""
