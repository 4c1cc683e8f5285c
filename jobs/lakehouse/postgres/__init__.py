"""Tables of a PostgreSQL database as sources of records, by a cursor column or by logical replication."""
