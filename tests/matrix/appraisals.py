"""Rows of appraisals."""
