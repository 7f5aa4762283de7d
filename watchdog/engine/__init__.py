"""
The engine: one pure function, `advance(rules, state, event) -> (state, effects)`.

Why: what hurts must be decided where it can be replayed, run in virtual time and tested as a
conversation. So the engine has no clock, no I/O, no logging and no randomness; time comes in with
each event, and everything it wants done goes out as an effect.

What is done is of three kinds, each with a machine that walks through it, a state that it leaves in the ledger, and tables of what it does:

- a *run* (`runs.py`) brings a process to its end, stage by stage, by a *procedure* (`procedures/`);
- an *edit* (`edits.py`) has jobs moved, each by itself or not at all;
- a *deed* (`deeds.py`) is one thing done to one *thing* that is neither, such as a unit, a child, a template or a command, by a *method* (`methods/`).
"""
