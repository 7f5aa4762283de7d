"""How far the log of the web server was read, and what of it counts as heard."""

from watchdog.mastodon.followed_time import FollowedTime, engine_time
from watchdog.mastodon.following_log import RESUMED, SILENT_AFTER, FollowingLog
from watchdog.mastodon.traffic_kept import decode
from watchdog.model.log_lines import LinesLost, LogLine

WALL = 1_795_700_000_000
MINUTE = 60_000
GET = "method=GET path=/about format=html controller=AboutController action=show status=200 duration=4.12"
STARTED = "[42] Puma starting in cluster mode..."


def post(host="a.example", status=202):
    """A delivery."""
    return (
        f"method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status={status} duration=4.12 "
        f"key=https://{host}/users/alice#main-key"
    )


class Told:
    """A log whose clocks go alike: engine time begins at 1,000,000 when it is WALL."""

    def __init__(self, kept=None, *, at=1_000_000, wall=WALL):
        self.apart = wall - at
        self.log = FollowingLog(kept, at=at, wall=wall)

    def open(self, at, *, can_resume=True):
        return self.log.open(at=at, wall=at + self.apart, can_resume=can_resume)

    def close(self, at):
        self.log.close(at=at, wall=at + self.apart)

    def line(self, text, at, *, now=None, cursor="c", dated=True):
        now = at if now is None else now
        self.log.take(LogLine(text, at + self.apart if dated else 0, cursor=cursor), at=now, wall=now + self.apart)
        return self.log.caught_up

    def lost(self, at, *, now=None, unit=""):
        now = at if now is None else now
        self.log.take(LinesLost(at + self.apart, 0, unit, "gone", "c"), at=now, wall=now + self.apart)

    def age(self, now, host="a.example"):
        """For how long that host is silent, as it is told."""
        readings = self.log.traffic.of_host(host, self.log.now(now), offset=self.log.offset, least=0)
        return now - readings["inbound_at"]

    def inbound(self, host="a.example"):
        return self.log.traffic.of_host(host, 0, offset=0, least=0)["inbound"]

    def kept(self, at):
        return decode(self.log.kept(at=at, wall=at + self.apart))


def begun(at=1_000_000):
    """A log that has just had a delivery in it."""
    told = Told(at=at)
    assert told.open(at) == ""
    told.line(post(), at)
    return told


def test_time_stands_still_while_nobody_looks():
    """It goes on from where it stood."""
    time = FollowedTime(100)
    assert time.of(5_000) == 100
    time.begin(1_000)
    assert (time.of(1_500), time.offset) == (600, 900)
    time.begin(1_400)
    time.end(2_000)
    assert (time.of(9_000), time.runs) == (1_100, False)
    time.begin(10_000)
    assert time.of(10_001) == 1_101


def test_a_clock_that_was_wrong_puts_nothing_ahead():
    """What is written to have happened later than now happened now."""
    assert engine_time(WALL + 5, wall_now=WALL, at=70) == 70
    assert engine_time(WALL - 5, wall_now=WALL, at=70) == 65


def test_a_log_without_requests_says_nothing():
    """Whatever else stands in it; ten minutes after it was opened that is said."""
    told = Told()
    told.open(1_000_000)
    told.line("something else", 1_000_100)
    assert not told.log.speaks
    assert not told.log.is_silent(1_000_000 + SILENT_AFTER - 1)
    assert told.log.is_silent(1_000_000 + SILENT_AFTER)
    assert not told.log.spoke


def test_any_request_shows_that_it_speaks():
    """It need be no delivery: all pages that anybody looks at are in the same log."""
    told = Told()
    told.open(1_000_000)
    told.line("I, [2026-11-22T14:11:22.123456 #255]  INFO -- : [6f0c] " + GET, 1_000_100)
    assert told.log.speaks
    assert told.log.spoke


def test_ages_are_those_of_the_clock_while_it_is_followed():
    """And only a delivery that was accepted makes somebody young."""
    told = begun()
    told.line(post(status=401), 1_050_000)
    told.line(GET, 1_060_000)
    assert told.age(1_070_000) == 70_000
    assert told.inbound() == 1


def test_a_web_server_that_begins_anew_and_says_nothing_makes_nobody_silent():
    """Its level may have been changed with the restart: from its start on no time passes, and it is said that nothing is known."""
    told = begun()
    told.line(STARTED, 2_000_000)
    assert not told.log.speaks
    assert not told.log.is_silent(2_000_000 + SILENT_AFTER - 1)
    assert told.log.is_silent(2_000_000 + SILENT_AFTER)
    told.line(post("b.example"), 5_000_000)
    assert told.log.speaks
    assert told.age(5_000_000) == 1_000_000
    assert told.age(5_000_000, "b.example") == 0


def test_a_usual_restart_of_the_web_server_changes_nothing():
    """The next request shows that all is as it was."""
    told = begun()
    told.line(STARTED, 2_000_000)
    told.line(GET, 2_010_000)
    assert told.log.speaks
    assert told.age(2_020_000) == 1_020_000


def test_a_time_that_was_not_read_is_nobodys_pause():
    """The log was lost for an hour, and can't be read from where it was left: ages stand still meanwhile."""
    told = begun()
    told.close(1_100_000)
    assert told.open(1_100_000 + 60 * MINUTE) == ""
    assert told.age(1_100_000 + 60 * MINUTE) == 100_000
    told.line(post(), 1_100_000 + 61 * MINUTE)
    (days,) = told.log.traffic.rhythms["a.example"].days.values()
    assert days == (2, 100_000 + MINUTE)


def test_a_short_loss_is_made_up_for():
    """The journal is read on from the last line: what was written meanwhile counts at its own time, and the time has passed."""
    told = begun()
    told.line(post(), 1_050_000, cursor="here")
    told.close(1_100_000)
    now = 1_100_000 + RESUMED
    assert told.open(now) == "here"
    assert told.line(post(), 1_150_000, now=now) is False
    assert told.age(now) == now - 1_150_000
    assert told.line(GET, now + 5) is True
    assert told.inbound() == 3


def test_where_the_last_line_is_gone_the_time_in_between_is_not_known():
    """The journal was rotated away: time goes on from the first line that is still there."""
    told = begun()
    told.close(1_100_000)
    told.open(1_500_000)
    told.lost(1_400_000, now=1_500_000)
    assert told.age(1_500_000) == 200_000


def test_lines_that_journald_left_out_cost_no_time():
    """It lets the next ones through after half a minute; and a hole that is told later is none of the resuming."""
    told = begun()
    told.lost(1_100_000, unit="mastodon-web.service")
    told.lost(1_100_000)
    assert told.age(1_200_000) == 200_000


def test_a_file_does_not_say_when_a_line_was_written():
    """It is taken for written when it was read, and nothing is made up for."""
    told = begun()
    told.close(1_100_000)
    assert told.open(1_200_000, can_resume=False) == ""
    told.line(post(), 0, now=1_300_000, dated=False)
    assert told.age(1_300_000) == 0


def test_a_clock_that_is_set_back_stops_no_counting():
    """What was written now counts, whatever the clock said at the beginning."""
    told = begun()
    told.apart -= 3_600_000
    told.line(post(), 1_200_000)
    assert told.inbound() == 2
    assert told.age(1_200_000) == 0


def test_over_a_restart_of_the_agent():
    """What was learned is there again; what was written meanwhile is made up for and counted as before the beginning, so that no counter leaps."""
    before = begun()
    before.line(post(), 1_050_000, cursor="here")
    kept = before.kept(1_100_000)
    # Another boot: engine time begins anew.
    told = Told(kept, at=5_000, wall=WALL + 200_000)
    assert told.log.speaks
    assert told.open(5_000) == "here"
    assert told.line(post(), -35_000, now=5_000) is False
    assert told.age(5_000) == 40_000
    assert told.inbound() == 0
    told.line(post(), 6_000)
    assert told.inbound() == 1


def test_over_a_long_stop_of_the_agent():
    """Nothing is known of that time, and nobody was silent in it."""
    kept = begun().kept(1_100_000)
    told = Told(kept, at=5_000, wall=WALL + 24 * 3_600_000)
    assert told.open(5_000) == ""
    assert told.age(5_000) == 100_000


def test_what_was_silent_stays_silent_over_a_restart():
    """A log that did not speak when it was kept must speak first."""
    before = begun()
    before.line(STARTED, 1_050_000)
    told = Told(before.kept(1_100_000), at=5_000, wall=WALL + 110_000)
    told.open(5_000)
    assert not told.log.speaks
    assert told.log.spoke
    told.line(GET, 6_000)
    assert told.log.speaks


def test_a_log_that_can_not_be_opened_is_not_read():
    """However often it is tried: the time counts once it was made up for, and for nothing where it never was."""
    told = begun()
    told.line(post(), 1_050_000, cursor="here")
    told.close(1_100_000)
    for at in (1_200_000, 1_300_000):
        assert told.open(at) == "here"
        told.close(at + 10)
    assert told.log.now(1_300_010) == 100_000
    # A cursor that is none, such as that of another kind of log, is given up.
    told.open(1_400_000)
    told.close(1_400_010)
    assert told.open(1_500_000) == ""
    assert told.age(1_500_000) == 50_000


def test_what_was_made_up_for_in_part_is_gone_on_with():
    """From the newest line that was read, and at its time."""
    told = begun()
    told.close(1_100_000)
    told.open(1_500_000)
    told.line(post("b.example"), 1_200_000, now=1_500_000, cursor="half")
    told.close(1_500_500)
    assert told.kept(1_600_000).cursor == "half"
    assert told.kept(1_600_000).passed == 200_000
    assert told.open(1_600_000) == "half"
    told.log.caught_up = True
    assert told.age(1_600_000, "b.example") == 400_000
    assert told.kept(1_600_000).passed == 600_000


def test_a_file_leaves_no_cursor():
    """Who reads a journal afterwards could do nothing with it."""
    told = Told()
    told.open(1_000_000, can_resume=False)
    told.line(post(), 0, now=1_000_000, cursor="8:5:77", dated=False)
    assert told.kept(1_000_100).cursor == ""
    told.close(1_000_100)
    assert told.open(1_000_200) == ""
