"""Terms of office: due dates, reminders, what is overdue, and the calendar (任期)."""
