"""Rows of partners."""
