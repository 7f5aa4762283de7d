"""What the agent says of itself, as plain data: written by `engine.status` and `daemon.status`, read by `status`, `top` and the page."""
