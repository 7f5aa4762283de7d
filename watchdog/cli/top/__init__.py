"""
`top`: what the agent sees and does, live, in a terminal.

The facts are those of the API and so of the page: `sections/` says for each tab what is asked for and how it reads, `acts.py` what can be said, `feed.py` keeps it up to date. None of these knows the terminal; `app.py`
does, with the screens beside it. Textual is imported there and nowhere else: no other command waits for it, or needs it.

Lower case looks, UPPER CASE acts: a slip of a finger never does anything, and whatever does something says first what.
"""
