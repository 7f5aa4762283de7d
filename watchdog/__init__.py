"""sidekiq-watchdog: follows Sidekiq, judges what it sees by rules, and repairs what is stuck without losing a job."""

__version__ = "0.1.0"
