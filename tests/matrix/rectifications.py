"""Rows of rectifications."""
