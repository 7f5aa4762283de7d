"""Signatures, against the specification's own example and the standard library."""

import base64
import hashlib
import hmac

import pytest

from watchdog.receivers.signing import BadSecretError, key_of, signature


def test_the_signature_is_that_of_the_specification():
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops."""
    key, body = b"a key of some length, at least 24", b'{"type":"alert.firing"}'
    expected = hmac.new(key, b"msg_1.1674087231." + body, hashlib.sha256).digest()
    assert signature(key, id_="msg_1", timestamp=1674087231, body=body) == "v1," + base64.b64encode(expected).decode()


def test_a_known_signature_is_reproduced():
    """The test vector that the reference libraries share."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signature(key, id_="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=b'{"test": 2432232314}')
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_c2VjcmV0", b"secret"),
        ("plain text, ü", "plain text, ü".encode()),
        ("whsecret", b"whsecret"),
        ("  whsec_c2VjcmV0\n", b"secret"),
    ],
)
def test_a_secret_is_base64_or_text(secret, key):
    """What follows `whsec_` is base64; anything else is the key itself; blanks around it do not count."""
    assert key_of(secret) == key


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_not base64!", "whsec_c2VjcmV", "whsec_c2Vj!cmV0", "whsec_ü"])
def test_a_useless_secret_is_refused(secret):
    """A key that is empty or can't be decoded is an error, never a signature made with something else; and it is not repeated."""
    with pytest.raises(BadSecretError) as caught:
        key_of(secret)
    assert "c2VjcmV" not in str(caught.value)
    assert "not base64!" not in str(caught.value)
