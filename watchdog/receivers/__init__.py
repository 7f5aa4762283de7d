"""
Telling people: each type of receiver knows one protocol, and the deliverer knows none.

Why: a message at night must survive a receiver that is down, slow or rude, and a restart in between, and none of that may
touch the agent's real work. So messages wait in the store's outbox, one task a receiver carries them out in order, and a
receiver only has to say "done" or "try again". What is worth saying, to whom and when, the engine has decided (`engine/routing`).

Six words: a *notice* is one turn of a story, a *thread* the story (its notices are told in order), a *group* the threads that are shown together, a *card* how a
group stands (`folding.py`), a *dispatch* what is sent of it at once (`parcel.py`), and a *carrier* serves one receiver (`carrier.py`). A dispatch is written down
whole before it is sent, and again when it has arrived.

Out: `delivery` → `carrier` → `parcel` → a receiver, which writes the card in its own markup (`message/`). Back: a receiver that listens (`hearing.py`) brings what
people say to the desk (`daemon/hearing.py`), which reads it (`spoken.py`). `build.py` makes receivers of settings; `http.py`, `certificates.py` and `mishaps.py`
are how the far side is reached, and what is said where it is not.
"""
