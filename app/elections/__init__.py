"""Terms, election cycles, ballots and tallies (换届选举)."""
