"""Small wishes of residents: posted by a community, taken, done, rated (微心愿)."""
