"""
What people read: made of a card or a notice, the same for every receiver, as plain parts that each one writes in its own markup.

Everything that comes out of here is harmless plain text (`lang/harmless.py`); whoever writes markup still has to quote it for that markup.
"""
