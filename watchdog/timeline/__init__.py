"""
The story of an incident, put together from what the agent has written down: what was read, which rule it was, what stood in the way, what was done, whether it helped, who was told.

Why: the audit log has all of it, among everything else, and in the words of programs; the page, the command line and a report that is read by people a week later need the same account, and no two of
them must tell it differently. It works from the state folder, whether the agent runs or not, and reads nothing else. Nothing in this package decides or writes anything, and no argument of a job comes here.
"""
