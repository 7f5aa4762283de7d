"""
Named commands: what root allows to be run, with which arguments of which types.

One definition for two sides that do not trust each other: the agent, which fills in arguments from what it sees, and the program
that runs as the command's user and believes nothing of what the agent wrote. So this package uses Python's standard library alone,
and reads no file.
"""
