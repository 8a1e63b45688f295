"""Trainings, lectures, contests, meetings and who attended (活动)."""
