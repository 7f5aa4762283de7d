"""
Every error of a config, and every warning that says where what it names falls short: a part of the table in `codes.py`.

The counterpart of `lint_codes.py`, whose warnings are of rules that can run. A code never changes its meaning.
"""

from typing import Final

from watchdog.errors import CodeSpec
from watchdog.rulefile.example_texts import COMMANDED, CONFIG, RULE

CONFIG_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "E501",
        "unusable address of Redis",
        "The address of Redis can't be right. It is never shown: it can hold a password.",
        CONFIG.replace("redis://127.0.0.1:6379/0", "127.0.0.1:6379"),
    ),
    CodeSpec(
        "E502",
        "unusable URL",
        "The address of a receiver or of a check can't be right. It is never shown: it can hold a token.",
        CONFIG + "receivers: {ops: {type: webhook, url: example.org}}\n",
    ),
    CodeSpec(
        "E503",
        "unknown type of receiver",
        "No such type of receiver is known.",
        CONFIG + "receivers: {ops: {type: webhok, url: https://example.org}}\n",
    ),
    CodeSpec(
        "E504",
        "unusable receiver name",
        "A receiver's name consists of letters, digits, '_', '-' and '.', at most 64 of them.",
        CONFIG + 'receivers: {"on call": {type: webhook, url: https://example.org}}\n',
    ),
    CodeSpec(
        "E505",
        "not a reference to a secret",
        "A secret is `${file:PATH}`, `${env:NAME}`, `${credential:NAME}` with a name that systemd allows, or the secret itself.",
        CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${vault:ops}"}}\n',
    ),
    CodeSpec(
        "E506",
        "unreadable secret",
        "The file, environment variable or credential of a secret does not exist, can't be read, or is empty.",
        CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${file:missing}"}}\n',
    ),
    CodeSpec(
        "E507", "unknown pack", "No pack of that name comes with the program.", CONFIG.replace("[rules.yml]", "[rules.yml, pack:mastodn]")
    ),
    CodeSpec(
        "E508",
        "adjustment of an unknown rule",
        "`adjust` names a rule that none of the files has.",
        CONFIG + "adjust: {slowly: {for: 1m}}\n",
    ),
    CodeSpec(
        "E509",
        "adjustment above the config's mode",
        "A rule may go as far as the config does, and no further.",
        CONFIG + "mode: dry-run\nadjust: {fine: {mode: act}}\n",
    ),
    CodeSpec(
        "E510",
        "adjustment of an unknown definition",
        "`adjust` sets a name otherwise that the file of the rule doesn't define.",
        CONFIG + "adjust: {fine: {define: {too_long: 20m}}}\n",
    ),
    CodeSpec(
        "E511",
        "pack that fails its own tests",
        "A pack may act only if its own tests pass in this version of the program.",
        CONFIG.replace("[rules.yml]", "[rules.yml, failing]") + "mode: act\n",
    ),
    CodeSpec(
        "E512",
        "unusable address of a Sentinel",
        "A Sentinel is named by its host, with a port where that is not 26379.",
        CONFIG.replace("url: redis://127.0.0.1:6379/0", "sentinels: [redis://10.0.0.1], master: mymaster"),
    ),
    CodeSpec(
        "E513",
        "unusable name of a unit",
        "The name of a systemd service holds letters, digits and `: _ . @ - \\`; a pattern also `*`, `?` and `[…]`.",
        CONFIG + "units: [mastodon sidekiq]\n",
    ),
    CodeSpec(
        "E514",
        "unusable name of a check",
        "The name of a check consists of letters, digits, '_', '-' and '.', at most 64 of them.",
        CONFIG + 'checks: {"the web": {type: http, url: "http://127.0.0.1:3000/health"}}\n',
    ),
    CodeSpec(
        "E515",
        "unknown type of check",
        "No such type of check is known.",
        CONFIG + 'checks: {web: {type: https, url: "https://example.org/health"}}\n',
    ),
    CodeSpec(
        "E516",
        "check that can't be tried",
        "The address is none, or the command has no whole path or a quote that is not closed.",
        CONFIG + "checks: {storage: {type: command, command: check-storage}}\n",
    ),
    CodeSpec(
        "E517",
        "check without its library",
        "A check of PostgreSQL needs a library that is not installed with the program unless it is asked for.",
        CONFIG + "checks: {postgres: {type: postgres, user: watchdog, database: mastodon_production}}\n",
    ),
    CodeSpec(
        "E518",
        "unknown time zone",
        "The hours of a rule, and the time of the digest, are by the clocks of a `zone`: a name like `Europe/Berlin` that this machine knows, `UTC`, or `local`.",
        RULE + '    guards: {hours: "22:00-06:00", zone: Europe/Nowhere}\n',
    ),
    CodeSpec(
        "E519",
        "commands that can't be known",
        "A rule has a command run, and `commands.toml` can't be read, or there is a mistake in it.",
        COMMANDED + "    then: [{run: {command: refresh-domain}}]\n",
    ),
    CodeSpec(
        "E520",
        "unusable name of a server",
        "Our own domain, or a host under `watch`, is a name with a dot in it, without scheme, port or path, and no address. Our own is not watched, and no more than 100 are.",
        CONFIG + "mastodon: {domain: https://social.example.org}\n",
    ),
    CodeSpec(
        "E521",
        "unusable address of our own server",
        "Its API is asked at a scheme, a host and perhaps a port; the token goes over `http://` to a loopback address only.",
        CONFIG + "mastodon: {domain: example.org, url: http://social.example.org}\n",
    ),
    CodeSpec(
        "E522",
        "unusable access token",
        "What stands under `token`, or where it refers to, can't be sent as one. It is never shown.",
        CONFIG + "mastodon: {domain: example.org, token: two words}\n",
    ),
    CodeSpec(
        "E523",
        "two logs of the same requests",
        "The log of Mastodon's web processes is read in the journal or in files, not in both.",
        CONFIG + "mastodon: {domain: example.org, web_log: {journal: [mastodon-web], files: [/var/log/web.log]}}\n",
    ),
    CodeSpec(
        "E524",
        "unusable expected setting",
        "Under `settings` each has a name, a file (from the folder of the application, without `..`, or a whole path) and a key; no more than 200 are looked at.",
        CONFIG + "settings: {concurrency: {file: ../.env.production, key: SIDEKIQ_CONCURRENCY}}\n",
    ),
    CodeSpec(
        "E530",
        "unusable setting of a receiver",
        "A receiver's settings don't go together, or one of them is not what it must be: an address of mail, the whole path of a file. A password is sent by mail's protocol over an encrypted connection only.",
        CONFIG + "receivers: {ops: {type: email, host: mail.example.org, from: watchdog, to: [ops@example.org]}}\n",
    ),
    CodeSpec(
        "E531",
        "unusable name of a route",
        "The name of a route consists of small letters, digits and '-', and no two routes share one. It need not have any.",
        CONFIG + "routes: [{route: nights, repeat: never}, {route: nights, match: {severity: critical}}]\n",
    ),
    CodeSpec(
        "E532",
        "unusable place to listen at",
        "The page listens at an address of this machine, with a port where that is not 7655; a name could be somebody else's tomorrow. A unix socket has a path that the kernel takes, and a group that can be one. `origin` is a scheme, a host and a port.",
        CONFIG + "page: {listen: localhost}\n",
    ),
    CodeSpec(
        "E533",
        "people that the page can't tell apart, or from strangers",
        "A token or a secret is too short or too simple, two people share one, a name can't be one or stands under `tokens` and `readers`, the header of a proxy could be sent by any user of the machine, or only who is named may look and nobody is. No secret is ever shown.",
        CONFIG + "page: {listen: 192.0.2.1}\n",
    ),
)
_ROUTED: Final = CONFIG + "receivers: {ops: {type: webhook, url: https://example.org}}\n"
WARNING_CODES: Final[tuple[CodeSpec, ...]] = (
    CodeSpec(
        "W602",
        "folder without rules",
        "A folder under `rules` holds no file that ends in .yml or .yaml.",
        CONFIG.replace("[rules.yml]", "[rules.yml, empty]"),
    ),
    CodeSpec(
        "W603",
        "secret open to everybody",
        "Every user of the machine can read the file of a secret.",
        CONFIG + 'receivers: {ops: {type: webhook, url: https://example.org, secret: "${file:open-secret}"}}\nroutes: [{notify: [ops]}]\n',
    ),
    CodeSpec(
        "W604",
        "secret in an open config",
        "A secret stands in a config file that every user of the machine can read.",
        CONFIG + "receivers: {ops: {type: webhook, url: https://example.org, secret: in the open}}\nroutes: [{notify: [ops]}]\n",
    ),
    CodeSpec(
        "W621",
        "pack without tests",
        "A pack that may act has no tests that would say whether it does what it should.",
        CONFIG.replace("[rules.yml]", "[rules.yml, untested]") + "mode: act\n",
    ),
    CodeSpec(
        "W622",
        "a unit that the agent may not touch",
        "A rule names a service that `units` of the config does not mean. What runs no Sidekiq that beats and is not meant there is not followed, and never started.",
        "rules:\n  - rule: down\n    each: queue\n    when: queue.latency > 10m\n    for: 1m\n    then:\n"
        "      - start_unit: {unit: postgresql.service}\n    guards: {cooldown: 15m}\n",
    ),
    CodeSpec(
        "W623",
        "receiver by which nobody may answer",
        "People could answer by a receiver or by the page, and `ask: people:` names nobody who comes by it, or somebody who only looks (`page: readers`): what they say there is refused.",
        CONFIG
        + 'receivers: {ops: {type: matrix, homeserver: "https://matrix.example.org", token: "${env:HOME}", room: "#ops:example.org"}}\nroutes: [{notify: [ops]}]\n',
    ),
    CodeSpec(
        "W624",
        "name under which nobody can come",
        "Before the colon of a name under `people` stands the type of a receiver by which people can answer, and there is no such type.",
        CONFIG + "ask: {people: {ada: ['matrx:@ada:example.org']}}\n",
    ),
    CodeSpec(
        "W625",
        "page that anybody may look at",
        "Whoever reaches the address sees what the agent sees: names of hosts, queues and classes of jobs, and what stands in the way of what. No job's arguments.",
        CONFIG + "page: {listen: 192.0.2.1, reading: anyone}\n",
    ),
    CodeSpec(
        "W633",
        "a route that leads nowhere",
        "A route before it fits all that it does and does not say `continue: true`, or no rule that is in force fits it.",
        _ROUTED + "routes: [{notify: [ops]}, {match: {severity: critical}, repeat: 1h}]\n",
    ),
    CodeSpec(
        "W634",
        "a receiver that is told nothing",
        "Neither a route nor a rule names this receiver; without any route it is said where no rule names one at all.",
        _ROUTED + "routes: [{repeat: 1h}]\n",
    ),
    CodeSpec(
        "W635",
        "rules that nobody is told of",
        "There are routes, and none of them fits a rule that names nobody itself. A route that fits and notifies nobody says that this is meant.",
        _ROUTED.replace("[rules.yml]", "[pack:sidekiq]") + "routes: [{match: {rule: redis-*}, notify: [ops]}]\n",
    ),
)
