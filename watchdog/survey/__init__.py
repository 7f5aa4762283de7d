"""
What is on this machine: the services of Sidekiq, its processes, the application and the Redis that they use.

Why: an agent that is told the wrong Redis, or half of the services, watches nothing and says that all is well. So `init` finds out by itself what can be
found out, and says of each value where it comes from, and what it could not read. It reads and connects, and changes nothing; it runs no command. What it reads was written by
others: it has limits, and no secret of it is ever quoted.
"""
