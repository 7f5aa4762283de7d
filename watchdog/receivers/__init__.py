"""
Telling people: each type of receiver knows one protocol, and the deliverer knows none.

Why: a message at night must survive a receiver that is down, slow or rude, and a restart in between, and none of that may
touch the agent's real work. So messages wait in the store's outbox, one task a receiver carries them out in order, and a
receiver only has to say "done" or "try again". Messages come ready from the engine; nothing here decides what is
worth saying.

Five words: a *notice* is one turn of a story, a *group* what is shown together, a *card* how that stands (`folding.py`), a *dispatch* what is sent of it at once (`parcel.py`), and a *carrier* serves one receiver
(`carrier.py`). A dispatch is written down whole before it is sent, and again when it has arrived.
"""
