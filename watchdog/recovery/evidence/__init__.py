"""
Evidence: what is seen of a process before it is touched, from all sides at once.

Why a part of its own: it asks many things that may not answer, and must never hold a recovery up. So every collector (one module each, keyed to `model.evidence`) has its own bound, all
together have one, and whatever fails is said in a word. What they find goes into the store; only names, numbers and sentences of our own go on to the engine.
"""
