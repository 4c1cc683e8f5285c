"""Producers of simulated data: files for the inbox and messages for the topics."""
