"""
The memory of the agent: one SQLite database in the state folder.

Why: nothing may be done that was not written down before. So each event is one transaction (ledger, audit rows,
incidents, messages to people), synced to the disk before anything runs, and an agent that was killed between any
two lines finds just what it had acknowledged. One thread writes; everybody else reads.

`store.py` is what the daemon uses, `reading.py` what the command line uses, with or without a running agent; for the quarantine alone the
command line writes as well, by `beside.py`. Nothing in this package decides anything, and job arguments come here only with whole jobs, into the
quarantine.
"""
