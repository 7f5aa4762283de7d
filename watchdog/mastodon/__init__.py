"""What only Mastodon has. Nothing of Sidekiq may depend on it."""
