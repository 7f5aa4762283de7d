"""
Everything the agent knows, for people and machines: an API on a unix socket and, where the config says so, on TCP, the page, and `/metrics`.

It judges nothing and decides nothing: what it shows it reads from the engine's state, the store and the trace, and what people say by it goes into the engine as an event, like
everything that people say. `inside.py` is all that it knows of the agent.
"""
