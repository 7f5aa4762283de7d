"""
What the kernel of this host says about its processes, and signals to them.

Why: Redis tells what a process says of itself, and goes on telling it when the process is long dead
or frozen. Whether it lives, whether it is the one that was meant, and whether it may be signalled, is
asked of the kernel alone. A pid is only a number that is given out again; so everything here holds a
process by a pidfd and knows it by pid, start time and boot together.

Knows nothing of Redis. Never decides that something should be signalled; it only refuses.
"""
