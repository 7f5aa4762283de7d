"""
The engine: one pure function, `advance(rules, state, event) -> (state, effects)`.

Why: what hurts must be decided where it can be replayed, run in virtual time and tested as a
conversation. So the engine has no clock, no I/O, no logging and no randomness; time comes in with
each event, and everything it wants done goes out as an effect.
"""
