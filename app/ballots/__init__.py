"""Secret ballots: a box, who may put a ballot in, and what lies in it (无记名投票)."""
