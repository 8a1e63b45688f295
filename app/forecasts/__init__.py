"""Which limits of head-counts will be passed within twelve months (预警)."""
