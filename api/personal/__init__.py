"""Holds the permission that personal columns need; the app is called `lakehouse` in permission names."""
