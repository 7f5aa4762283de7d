"""
Slack: a channel that is told by an app (`channel`) or by an incoming webhook (`incoming`), and people there who answer (`hearing`).

Why so: Slack knows no idempotency. A message whose answer was lost may be there or not, so what is about to be posted is written down before, looked for
afterwards by its metadata, and posted a second time only where it can't be found. What Slack says no to is worth a sentence that says what to do (`refusals`);
whatever is too long is cut (`blocks`), for a message that is refused tells nobody anything. No port is opened: people's answers come over a connection
that the agent has opened itself (Socket Mode).
"""
