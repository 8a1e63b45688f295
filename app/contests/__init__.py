"""Contests with entries, a jury, scores and a ranking that is published (评选比赛)."""
