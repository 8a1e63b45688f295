"""What villages own and owe: contracts, land and debts, funded projects, income (村集体经济)."""
