"""
The page: what the agent knows on one screen, drawn by the server, for browsers with scripts and without.

`sections.py` is the table of what stands on it, `templates/` how that looks, `static/` the one sheet and the one script. Everything it shows comes from `views/`, everything that is said by it
goes the way of the API; it needs nothing of any other server, and nothing of it is made before it is asked for.
"""
