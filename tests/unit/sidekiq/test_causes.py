"""Why a job failed, as Mastodon's versions and Ruby's libraries write it."""

import pytest

from watchdog.sidekiq.causes import Cause, FailureKind, classify

URL = "https://example.social/inbox"
CASES = [
    # Mastodon 3.5 to 4.7
    ("Mastodon::UnexpectedResponseError", f"{URL} returned code 401", Cause(FailureKind.STATUS, 401)),
    ("Mastodon::UnexpectedResponseError", f"{URL} returned code 503", Cause(FailureKind.STATUS, 503)),
    ("Stoplight::Error::RedLight", URL, Cause(FailureKind.CIRCUIT_OPEN)),
    ("Stoplight::Error::RedLight", "object-storage", Cause(FailureKind.STORAGE)),
    ("HTTP::TimeoutError", f"Connect timed out after 5 seconds on {URL}", Cause(FailureKind.TIMEOUT)),
    ("HTTP::TimeoutError", f"Read timed out after a total of 30 seconds on {URL}", Cause(FailureKind.TIMEOUT)),
    ("HTTP::ConnectTimeoutError", f"Connect timed out after 5 seconds on {URL}", Cause(FailureKind.TIMEOUT)),
    ("HTTP::ConnectionError", f"failed to connect: Connection refused on {URL}", Cause(FailureKind.REFUSED)),
    ("HTTP::ConnectionError", f"failed to connect: No route to host on {URL}", Cause(FailureKind.UNREACHABLE)),
    ("HTTP::ConnectionError", f"failed to connect: Network is unreachable on {URL}", Cause(FailureKind.UNREACHABLE)),
    ("HTTP::ConnectionError", f"failed to connect: No address for example.social on {URL}", Cause(FailureKind.DNS)),
    ("HTTP::ConnectionError", f"error reading from socket: Connection reset by peer on {URL}", Cause(FailureKind.UNREACHABLE)),
    ("HTTP::ResponseHeaderError", f"couldn't read response headers on {URL}", Cause(FailureKind.UNREACHABLE)),
    ("OpenSSL::SSL::SSLError", f"SSL_connect returned=1 errno=0 state=error: certificate verify failed on {URL}", Cause(FailureKind.TLS)),
    ("HTTP::StateError", "body has already been consumed", Cause(FailureKind.OTHER)),
    ("Addressable::URI::InvalidURIError", "Invalid scheme format: 'x'", Cause(FailureKind.OTHER)),
    ("Mastodon::RaceConditionError", "Could not acquire lock for resolve:x, try again later", Cause(FailureKind.LOCK)),
    ("ActiveRecord::RecordNotFound", "Couldn't find Account with 'id'=503", Cause(FailureKind.OTHER)),
    ("ActiveRecord::RecordInvalid", "Validation failed: Text can't be blank", Cause(FailureKind.OTHER)),
    ("Aws::S3::Errors::ServiceUnavailable", "Please reduce your request rate.", Cause(FailureKind.STORAGE)),
    ("Seahorse::Client::NetworkingError", "Failed to open TCP connection to s3.example.org:443", Cause(FailureKind.STORAGE)),
    ("Elastic::Transport::Transport::Errors::ServiceUnavailable", "[503]", Cause(FailureKind.SEARCH)),
    ("Net::SMTPAuthenticationError", "535 5.7.8 Error: authentication failed", Cause(FailureKind.MAIL)),
    ("Net::SMTPFatalError", "550 5.1.1 rejected", Cause(FailureKind.MAIL)),
    ("ActiveRecord::StatementInvalid", "PG::UndefinedColumn: ERROR:  column accounts.x does not exist", Cause(FailureKind.CODE)),
    ("ActiveRecord::StatementInvalid", "PG::ConnectionBad: PQconsumeInput() server closed the connection", Cause(FailureKind.LOCAL_DATABASE)),
    ("ActiveRecord::PendingMigrationError", "Migrations are pending. To resolve this issue, run: bin/rails db:migrate", Cause(FailureKind.CODE)),
    ("PG::UndefinedTable", 'ERROR:  relation "x" does not exist', Cause(FailureKind.CODE)),
    ("NameError", "uninitialized constant ActivityPub::FetchAllRepliesWorker", Cause(FailureKind.CODE)),
    ("ActiveRecord::ConnectionTimeoutError", "could not obtain a connection from the pool within 5.000 seconds", Cause(FailureKind.LOCAL_DATABASE)),
    ("PG::ConnectionBad", "connection to server at 10.0.0.1 failed: Connection refused", Cause(FailureKind.LOCAL_DATABASE)),
    ("RedisClient::CommandError", "MISCONF Redis is configured to save RDB snapshots", Cause(FailureKind.LOCAL_REDIS)),
    ("RedisClient::ReadTimeoutError", "Waited 1.0 seconds", Cause(FailureKind.LOCAL_REDIS)),
    ("Redis::CannotConnectError", "Error connecting to Redis (Errno::ECONNREFUSED)", Cause(FailureKind.LOCAL_REDIS)),
    # Ruby, whatever the application
    ("Net::OpenTimeout", "execution expired", Cause(FailureKind.TIMEOUT)),
    ("Net::ReadTimeout", "Net::ReadTimeout", Cause(FailureKind.TIMEOUT)),
    ("Timeout::Error", "execution expired", Cause(FailureKind.TIMEOUT)),
    ("Faraday::TimeoutError", "timeout", Cause(FailureKind.TIMEOUT)),
    ("RestClient::Exceptions::OpenTimeout", "Timed out connecting to server", Cause(FailureKind.TIMEOUT)),
    ("Errno::ETIMEDOUT", "Connection timed out - connect(2)", Cause(FailureKind.TIMEOUT)),
    ("Errno::ECONNREFUSED", "Connection refused - connect(2) for 192.0.2.1:443", Cause(FailureKind.REFUSED)),
    ("Errno::ECONNRESET", "Connection reset by peer", Cause(FailureKind.UNREACHABLE)),
    ("Errno::EHOSTUNREACH", "No route to host - connect(2)", Cause(FailureKind.UNREACHABLE)),
    ("EOFError", "end of file reached", Cause(FailureKind.UNREACHABLE)),
    ("SocketError", "getaddrinfo: Name or service not known", Cause(FailureKind.DNS)),
    ("Socket::ResolutionError", "getaddrinfo(3): Temporary failure in name resolution", Cause(FailureKind.DNS)),
    ("Faraday::ConnectionFailed", "Failed to open TCP connection (getaddrinfo: Name or service not known)", Cause(FailureKind.DNS)),
    ("Faraday::ConnectionFailed", "end of file", Cause(FailureKind.UNREACHABLE)),
    ("Faraday::SSLError", "x", Cause(FailureKind.TLS)),
    ("Faraday::ServerError", "the server responded with status 502", Cause(FailureKind.STATUS, 502)),
    ("OpenURI::HTTPError", "404 Not Found", Cause(FailureKind.STATUS, 404)),
    ("ConnectionPool::TimeoutError", "Waited 5 sec, 0/5 available", Cause(FailureKind.OTHER)),
    ("RuntimeError", f"{URL} returned code 403", Cause(FailureKind.STATUS, 403)),
    ("RuntimeError", "returned code 999", Cause(FailureKind.OTHER)),
    ("NoMethodError", "undefined method `x' for nil", Cause(FailureKind.CODE)),
    ("", "", Cause(FailureKind.OTHER)),
]  # fmt: skip


@pytest.mark.parametrize(("error_class", "message", "cause"), CASES)
def test_causes(error_class, message, cause):
    """Each is told by its class, or by its words where the class says little."""
    assert classify(error_class, message) == cause


def test_a_message_of_any_length_is_looked_at_quickly():
    """Only its two ends count."""
    message = "a" * 5_000 + " timed out after " + "(" * 5_000
    assert classify("X" * 100_000, message) == Cause(FailureKind.OTHER)
    assert classify("X", "https://a.example returned code 410" + " " * 9_000) == Cause(FailureKind.STATUS, 410)
