"""Rows of admissions."""
