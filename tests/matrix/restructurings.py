"""Rows of restructurings."""
