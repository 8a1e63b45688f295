"""Rows of postings."""
