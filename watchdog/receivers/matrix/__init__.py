"""
Matrix, by its client-server API over plain HTTP: a room is told, and people answer in it.

Why no library: what is needed are a handful of calls, and an agent that is to be trusted at night should know what each answer means. `client` makes the calls and
`answers` says what became of them, `room` finds the way in, `contents` writes events and `sender` sends them; `listener` follows the room and `heard` reads
what stands in it. A retry never doubles: the id of each event is derived from that of the dispatch, and the server knows it.
"""
