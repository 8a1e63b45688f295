"""Rows of changes."""
