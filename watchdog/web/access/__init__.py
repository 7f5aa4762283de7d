"""Who may call, what for, and how often; and what a browser is told so that nobody else calls through it."""
