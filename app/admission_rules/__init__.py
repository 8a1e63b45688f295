"""The rules of admissions, and checks of one step: ages, times, votes, papers (发展党员规则)."""
