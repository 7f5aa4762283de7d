"""
What a procedure sees of its process between two signals: the picture from Redis and from the kernel, boiled down to what its choices rest on.

The counterpart of the look, which is asked for right before a signal. It is made anew at each turn and never written down.
"""

import msgspec


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """
    The process as it is known at this moment.

    `known` is False while Redis has not been read in full or can't be read: then nothing else means anything. `beat_age` and `still` are milliseconds since
    its last beat, and for which its heartbeat thread has done nothing since it was last woken; None where that is not known. `beats` counts its beats since the
    stage began, `quiet_beats` those in which it said that it is quiet. `running` are the jids that it runs, `stuck` those that need an end.
    `held` and `held_stuck` are how many jobs were found when it was last asked what it holds, and how many of them are stuck. `gave_back` says that
    it has left Redis in good order, and given back what it had not finished. `successor` says that another process of its name beats, `successor_works` that it has been seen
    to work, or nothing waits for it. `unit` is its service, empty where it runs in none; `unit_trouble` is why that could not be started again, or is
    somebody's already; `unit_unwanted` why it must not be started any more, because somebody has stopped it meanwhile; `ended_here` that it was we who told it to end. `spared` are the jobs in it that must not be interrupted, each as a few words for people; they are never among
    the stuck. `needed` is why its unit must not go, `unit_stopped` that systemd has stopped that at our word, `stop_is_patient` that systemd waits at a stop for longer than Sidekiq
    takes to give its jobs back. `sent` is the last signal that was sent to end it, empty for none.
    """

    known: bool = False
    beat_age: int | None = None
    still: int | None = None
    heartbeat_thread: bool | None = None
    stopped: bool = False
    beats: int = 0
    quiet_beats: int = 0
    running: tuple[str, ...] = ()
    stuck: frozenset[str] = frozenset()
    held: int = 0
    held_stuck: int = 0
    gave_back: bool = False
    successor: bool = False
    sent: str = ""
    spared: tuple[str, ...] = ()
    successor_works: bool = False
    unit: str = ""
    unit_trouble: str = ""
    ended_here: bool = False
    needed: str = ""
    unit_stopped: bool = False
    stop_is_patient: bool = False
    unit_unwanted: str = ""
