"""
Moving jobs in Redis: the one part of `sidekiq` that writes.

Why: a job must never be lost and never be there twice, whoever else moves it at the same moment and whenever the agent or Redis
goes away in between. So each edit is one atomic script that carries a job as the exact bytes it was found as, and that answers the same
when it is asked a second time. Nothing here judges whether an edit is wanted.
"""
