"""
The trace: every event that the engine took, in files of the folder `trace` of the state folder, for at most so many days and bytes.

Why: the engine is a pure function, so what it was told is all that is needed to see again what it saw, to try another rule on it, and to
rebuild after a crash what was only in memory. Events are deltas and hold no job arguments; nothing else ever comes here.

`recorder.py` is what the daemon writes with, `reading.py` what everybody reads with, whether an agent runs or not. `segment.py` is what a
file looks like, `frames.py` how its parts are told from damage. A trace can be lost without harm: it never keeps the agent from its work.
"""
