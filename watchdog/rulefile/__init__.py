"""
What people write: YAML text → rules, settings, packs and tests of rules, or problems with file, line and column.

Why: the agent acts at night on what was written by day. So a file is taken whole or refused whole, all that is wrong
with it is said at once and at its place, and no value is what YAML guesses it to be: each one is read as the type that
its key declares.

Nothing in this package reads a file; `config` does, and hands texts in. Tests of rules are played here to the real engine, in virtual time.
"""
