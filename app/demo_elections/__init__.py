"""The demo district's overdue elections: a cycle and a criticism notice each, put down as facts."""
