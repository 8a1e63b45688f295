"""The demo district's trainings, meetings, contests and leaders' records of 2019 (演示活动)."""
