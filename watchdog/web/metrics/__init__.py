"""
What Prometheus reads: Sidekiq in the words that its exporters use, and the agent itself.

`families.py` is the table of all of it. Nothing is counted for a scrape that the agent would not know anyway: a scrape reads the engine's state, and what cannot be read at that moment is
not there, rather than as it was when it could be. Names of other people's things are in it, job arguments never.
"""
