"""Groups of commands: `hangji account …`, `hangji audit …`, `hangji keys …`."""
