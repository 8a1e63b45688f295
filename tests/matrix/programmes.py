"""Rows of programmes."""
