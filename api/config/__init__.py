"""What holds the API together: settings, routes, errors, limits and logs."""
