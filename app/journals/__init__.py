"""What an application of a restructuring wrote, row by row (调整记录)."""
