"""
What else must work for Sidekiq to work, tried now and then as the config declares it, and told as readings.

Why: a process whose database is gone looks just like one that is stuck, and only somebody who asks the database knows. It tries and
tells; what follows from it is the engine's business. Nothing here can hold the agent up: each try has its time.
"""
