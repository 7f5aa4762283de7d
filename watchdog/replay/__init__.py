"""
What was recorded, once more: a trace through the engine, under the rules that were in force then or under others.

`trace.py` reads it in one go and says where it can be gone on from; `exact.py` makes the same turns again, to the byte; `trial.py` has other rules look at the same world, in dry-run. A long trace is played on several cores: `side_by_side.py` and `ahead.py` say how, for the former and for the latter. `accountant.py`
makes of their audit rows who fired when and what was decided, `happened.py` does so with those of the database, and `differences.py` lays one account beside another. `moment.py` gives the state
of the engine at one moment. Nothing here writes, takes a lock, or needs an agent.
"""
