"""Leading cadres' records of study and organisation life, month by month (领导干部纪实)."""
