"""Rows of transfers."""
