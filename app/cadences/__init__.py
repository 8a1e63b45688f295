"""What is due when: meetings, lessons and trainings by month, quarter and year (三会一课周期)."""
