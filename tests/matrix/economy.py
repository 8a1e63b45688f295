"""Rows of economy."""
