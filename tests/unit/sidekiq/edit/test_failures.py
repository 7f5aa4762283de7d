"""What a refusal means, in the words of every version, and what is not repeated of it."""

import pytest

from watchdog.sidekiq.edit.failures import never_answered, refused
from watchdog.sidekiq.failures import ServerError, unavailable


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("READONLY You can't write against a read only replica. script: f00, on @user_script:9.", "readonly"),
        ("ERR Error running script (call to f_f00): @user_script:9: -READONLY You can't write against a read only replica.", "readonly"),
        ("-OOM command not allowed when used memory > 'maxmemory'.", "oom"),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "misconf"),
        ("ERR Error running script (call to f_f00): @user_script:9: The user executing the script can't run this command or subcommand", "noperm"),
        ("ERR ACL failure in script: User one has no permissions to run the 'rpush' command", "noperm"),
        ("NOPERM User one has no permissions to run the 'evalsha' command", "noperm"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "wrongtype"),
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "busy"),
        ("ERR something new", "error"),
    ],
)  # fmt: skip
def test_a_refusal_has_one_word_for_programs(text, code):
    """Redis 6.2 puts words of its own before those of the command; later ones behind."""
    failure = refused(ServerError(text), "localhost:6379")

    assert failure.code == code
    assert str(failure) == failure.message


def test_what_could_be_of_a_job_is_not_repeated():
    """A server that does not know a command quotes its arguments."""
    failure = refused(ServerError("ERR unknown command 'EVALSHA', with args beginning with: 'f00' '{\"args\":[\"a private post\"]}'"), "x")

    assert "EVALSHA" in failure.message
    assert "private" not in failure.message


def test_a_lost_answer_says_that_it_is_not_known():
    """The reason of the connection is kept."""
    failure = never_answered(unavailable("reset", "localhost:6379"))

    assert failure.code == "reset"
    assert "not known until it is asked again" in failure.message
