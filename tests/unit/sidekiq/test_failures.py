"""Every way in which Redis can fail has its own word and its own sentence."""

import errno
import socket
import ssl

import pytest

from watchdog.sidekiq.failures import SENTENCES, ServerError, from_exception, from_reply, unavailable


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LOADING Redis is loading the dataset in memory", "loading"),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "misconf"),
        ("NOAUTH Authentication required.", "noauth"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "wrongpass"),
        ("ERR invalid password", "wrongpass"),
        ("NOPERM User agent has no permissions to run the 'hgetall' command", "noperm"),
        ("READONLY You can't write against a read only replica.", "readonly"),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "masterdown"),
        ("DENIED Redis is running in protected mode", "denied"),
        ("BUSY Redis is busy running a script.", "busy"),
        ("MOVED 3999 127.0.0.1:6381", "cluster"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "oom"),
        ("ERR max number of clients reached", "maxclients"),
        ("ERR DB index is out of range", "database"),
        ("ERR something else", "error"),
        ("", "error"),
    ],
)
def test_error_replies(text, code):
    """What the server says about itself is told apart by its first word."""
    failure = from_reply(ServerError(text), "h:1")

    assert failure.code == code
    assert failure.message.startswith(SENTENCES[code].split("{")[0])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "refused"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), [Errno 111] Connect call failed"), "refused"),
        (FileNotFoundError(errno.ENOENT, "no"), "absent"),
        (PermissionError(errno.EACCES, "no"), "forbidden"),
        (socket.gaierror(-2, "Name or service not known"), "name"),
        (OSError(errno.EHOSTUNREACH, "no"), "unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "no"), "reset"),
        (BrokenPipeError(errno.EPIPE, "no"), "reset"),
        (TimeoutError(), "timeout"),
        (ssl.SSLCertVerificationError("self-signed"), "tls"),
        (RuntimeError("odd"), "unreachable"),
    ],
)
def test_exceptions(error, code):
    """What the network says is told apart by its number."""
    assert from_exception(error, "h:1").code == code


def test_a_failure_that_is_known_stays_what_it_is():
    """A failure that was classified once is passed on."""
    failure = unavailable("loading", "h:1")

    assert from_exception(failure, "elsewhere") is failure


def test_sentences_differ():
    """No two failures tell the operator the same."""
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_a_sentence_says_where():
    """The address stands in the sentence, and a long answer of a server is cut."""
    assert "h:1" in unavailable("refused", "h:1").message
    assert len(from_reply(ServerError("ERR " + "x" * 10_000), "h:1").message) < 300
