"""
Everything that the agent needs, looked at once for whoever has just installed it, or wonders why it does nothing.

Why: an agent that lacks a right finds out in the night in which it needs it. So each need is a point with a name (`model/points/`), is looked at as the
agent's own user would (`who.py`), in the agent's own way where there is one, and is told with the command that mends it. One file an area; `examination.py`
puts them together.

It changes nothing, anywhere: no key of Redis, no unit, no file, and no message is sent. It never stops at the first thing that is wrong.
"""
