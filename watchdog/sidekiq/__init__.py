"""
All knowledge of what Sidekiq keeps in Redis: its keys, their shapes in every version, and how to follow them.

Why: Sidekiq's data is not an interface; it changed with 6.4.2, 7.0, 7.2.3, 8.0 and 8.1.2. Whatever depends on that
stands in this one package, and the rest of the program only sees entities (`model`). The follower asks Redis to
tell it when a process has beaten, reads just that process, and says what changed.

Only `edit` writes to Redis, and no job argument ever leaves this package but as the bytes of a whole job.
"""
