"""
What is known of a process that is to end or has ended, from all sources, and what comes of it.

Why a layer of its own: it joins what Sidekiq's data, this host and the log say, and none of these may know another. What decides is pure; who reads for it
only reads.
"""
