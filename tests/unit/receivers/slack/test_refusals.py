"""What Slack's errors come to."""

import pytest

from watchdog.receivers.receiver import RefusedError, TryAgainError
from watchdog.receivers.slack.refusals import SaidNoError, failure


@pytest.mark.parametrize(
    ("code", "kind", "untouched", "part"),
    [
        ("ratelimited", TryAgainError, True, "busy"),
        ("rate_limited", TryAgainError, True, "busy"),
        ("request_timeout", TryAgainError, True, "busy"),
        ("fatal_error", TryAgainError, False, "fault"),
        ("internal_error", TryAgainError, False, "fault"),
        ("service_unavailable", TryAgainError, False, "fault"),
        ("channel_not_found", RefusedError, True, "look at the id"),
        ("not_in_channel", RefusedError, True, "/invite"),
        ("is_archived", RefusedError, True, "archived"),
        ("invalid_auth", RefusedError, True, "make a new one"),
        ("token_expired", RefusedError, True, "expired"),
        ("token_revoked", RefusedError, True, "revoked"),
        ("account_inactive", RefusedError, True, "install it again"),
        ("not_allowed_token_type", RefusedError, True, "xoxb-"),
        ("no_service", RefusedError, True, "make a new one"),
        ("something_new", RefusedError, True, "something_new"),
        ("<!channel> \x1b[2J", RefusedError, True, "without a name"),
        ("", RefusedError, True, "without a name"),
    ],
)
def test_an_error_is_a_sentence(code, kind, untouched, part):
    """Whether waiting helps, whether it may have arrived, and what to do; nothing of a stranger's text."""
    error = failure(SaidNoError(code, 5))
    assert (type(error), error.untouched, error.after) == (kind, untouched, 5)
    assert part in error.reason
    assert "<!channel>" not in error.reason


def test_a_scope_that_is_missing_is_named():
    """Where Slack names it, and it looks like one."""
    assert "lacks chat:write:" in failure(SaidNoError("missing_scope", needed="chat:write")).reason
    assert "lacks a scope:" in failure(SaidNoError("missing_scope", needed="<!here>")).reason
