"""Who may ask: users, groups, tokens, and the limit on logins."""
