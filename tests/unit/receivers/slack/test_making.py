"""From settings to receivers of Slack."""

from watchdog.receivers.build import build
from watchdog.receivers.hearing import Listener
from watchdog.receivers.receiver import Inspectable
from watchdog.rulefile.receivers import ReceiverSettings

APP = {"token": "xoxb-1", "channel": "C012AB3CD", "api": "https://slack.com/api", "timeout": 10_000}


def made(clock, **receivers):
    """Built from these settings, by name."""
    kinds = {name: "slack" if "token" in values else "slack_webhook" for name, values in receivers.items()}
    return build({name: ReceiverSettings(name, kinds[name], values) for name, values in receivers.items()}, clock)


def test_people_can_answer_where_there_is_a_token_for_it(clock):
    """An app without an app-level token, and a webhook, only tell; an app can be looked at."""
    built = made(clock, deaf=APP, ears=APP | {"app_token": "xapp-1"}, hook={"url": "https://hooks.slack.com/services/x", "timeout": 10_000})
    assert [isinstance(one, Listener) for one in built.values()] == [False, True, False]
    assert [isinstance(one, Inspectable) for one in built.values()] == [True, True, False]
    assert not any(secret in repr(built) for secret in ("xoxb", "xapp", "services"))


def test_those_of_one_app_know_each_other(clock):
    """And those of another don't."""
    one = APP | {"app_token": "xapp-1"}
    built = made(clock, ops=one, dev=one | {"channel": "C099ZZZZZ"}, far=one | {"app_token": "xapp-2"}, deaf=APP)
    assert built["ops"].neighbours == (built["dev"],)
    assert built["dev"].neighbours == (built["ops"],)
    assert built["far"].neighbours == ()


def test_a_token_from_a_file_may_end_its_line(clock):
    """Whoever writes it with an editor has a newline in it."""
    built = made(clock, ops=APP | {"token": "xoxb-1\n", "app_token": "xapp-1\n"})
    assert built["ops"].app_token == "xapp-1"
