"""Who is due to attend, and the tally of a vote (应到会与计票)."""
