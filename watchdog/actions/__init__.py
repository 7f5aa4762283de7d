"""
Carrying out what the engine decided: one effect, one answer.

Why: judgement lives in the engine, where it can be replayed. What is left for this package is to do exactly
what it was told, to the very process that was named or to none, and to say truly what came of it.
"""
