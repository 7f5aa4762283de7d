"""The lines of a new config that say that the application is Mastodon: its names, if they were found, and what it takes to let the agent ask more. Pure."""

from collections.abc import Callable, Iterator, Mapping

from watchdog.mastodon.domain_env import domain_of
from watchdog.survey.applications import Application
from watchdog.survey.environment import plain


def mastodon_text(
    chosen: Application | None, *, container: bool, value: Callable[[str], str], places: Callable[[dict[str, str]], list[str]]
) -> Iterator[str]:
    """Nothing of any other application. `value` writes a text as YAML has it, `places` says where variables stand."""
    if chosen is None or not chosen.mastodon:
        return
    found = domain_of(plain(chosen.environment))
    yield "# This is Mastodon: what it has to do with other servers is watched as well."
    if found is None:
        yield "# LOCAL_DOMAIN was not found, or is no name of a server: write it, and take the signs # away."
        yield "# mastodon:"
        yield "#   domain: social.example.org"
        yield ""
        return
    sources: Mapping[str, str] = {name: chosen.environment[name].source for name in found.names if name in chosen.environment}
    yield from (f"# {place}" for place in places(dict(sources)))
    yield "mastodon:"
    yield f"  domain: {value(found.domain)}"
    if found.host != found.domain:
        yield f"  url: {value(f'https://{found.host}')}"
    if container:
        yield "  # In a container nobody sees the log of the web server; where it is written into a file: web_log: {files: [/PATH]}"
        yield "  web_log: none"
    yield "  # Servers whose people matter to yours: how many follow whom is asked of your Mastodon, and whom they block of themselves, once a day. For the first it takes a token with the scope"
    yield "  # admin:read alone, of somebody whose role may view the dashboard: Preferences, Development, New application. Its place: a file beside this one that the agent may read."
    yield "  # watch: [mastodon.social]"
    yield '  # token: "${file:mastodon-token}"'
    yield ""
