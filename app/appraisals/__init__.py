"""Spot checks, visits, quarterly appraisals, talks, duty (考核)."""
