"""
The vocabulary: everything that the parts of the program say to each other, as frozen values.

Why: sources, engine and shell never call into one another; they exchange these values.
So a run can be written down, replayed, and tested as a conversation.
What can be named by an operator (fields, actions, guards, receivers) stands here as tables of
specs; checker, engine, shell, documentation and JSON Schema are keyed to the same tables.

Nothing in this package reads, waits, or knows what time it is.
"""
