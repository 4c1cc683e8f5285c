"""What is known of tables from their Delta logs: their versions, their commits, and where their rows come from."""
