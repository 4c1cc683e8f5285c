"""The package that jobs, producers, charts and the API share; importing it starts nothing."""
