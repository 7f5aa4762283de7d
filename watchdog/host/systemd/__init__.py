"""
What systemd says of the services in which Sidekiq runs, and what is asked of it for them.

Why: /proc tells which unit a process belongs to, and nothing of the unit itself: that it failed, that systemd starts it again and again, that
somebody is stopping it. All of it comes over D-Bus, as it happens; no command is ever run for it. Where there is no systemd the agent works
without, and says what it can't do.

The counterpart of `daemon/systemd.py`, which tells systemd how the agent itself is. It never decides that a unit should be started or stopped.
"""
