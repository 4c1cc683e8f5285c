"""The route that says whether the API can answer."""
