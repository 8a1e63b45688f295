"""Who is in the demo district's roster: its year is drawn from them (演示区党员)."""
