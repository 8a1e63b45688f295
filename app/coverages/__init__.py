"""What is counted of units and agreements: the lowest day of their coverage (覆盖率)."""
