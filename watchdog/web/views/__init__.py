"""
What is shown, as plain frozen structs, and the functions that make them: one idea a file, one truth for the page, `top` and programs.

Live ones are drawn from the engine's state at one moment, in single milliseconds however large Sidekiq is, and change nothing in it. Those of the store and
the trace are read on a thread, and each reads no more than so many rows. Durations are milliseconds, sizes bytes, shares ratios, times UTC milliseconds; whoever shows
them writes them as `lang.display.display` does. Nothing in them is an argument of a job; everything in them may be a stranger's word.
"""
