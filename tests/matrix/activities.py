"""Rows of activities."""
