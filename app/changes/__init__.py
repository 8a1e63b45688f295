"""What changed between two days, what was corrected, what is to come (变动、更正、预警)."""
