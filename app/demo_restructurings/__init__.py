"""The demo district's five decisions of December 2019, approved and not yet in force (调整)."""
