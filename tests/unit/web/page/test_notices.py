"""What came of a form."""

from watchdog.web.answered import Answered
from watchdog.web.page.notices import Notice, Notices
from watchdog.web.page.saying import notice_of


def test_it_is_found_by_its_name_alone() -> None:
    """Nobody can make a link that has the page say something of his own."""
    notices = Notices()
    name = notices.keep(Notice(good=True, title="Paused"))

    assert notices.find(name) == Notice(good=True, title="Paused")
    assert notices.find("Paused") is None


def test_only_the_newest_are_kept() -> None:
    """Whoever sends forms all night fills nothing."""
    notices = Notices()
    names = [notices.keep(Notice(good=True, title=str(number))) for number in range(201)]

    assert notices.find(names[0]) is None
    assert notices.find(names[-1]) is not None


def test_what_the_engine_refused_is_not_shown_as_done() -> None:
    """The reason is the engine's."""
    assert notice_of("approve", Answered("refused", "it is answered already")) == Notice(
        good=False, title="Refused", text="it is answered already"
    )
    assert notice_of("approve", Answered("approved", "by ada")).good
