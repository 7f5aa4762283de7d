"""By what people and programs see the agent: its socket, its page, and who may do what there."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

PAGE: Final = (
    PointSpec(
        "socket",
        Area.PAGE,
        "The unix socket by which commands of this machine ask the agent: that it is there and answers, and who may ask by it; with `api: {group: …}` that this group gets as far as to it.",
        "`top` and `why` show nothing without it.",
        "`api: {socket: /run/sidekiq-watchdog/api.sock}`; `SupplementaryGroups=GROUP` in a drop-in of the unit.",
        "{folder}/state/api.sock is not open: another process listens there",
    ),
    PointSpec(
        "page",
        Area.PAGE,
        "The page, where the config has one: that it listens, at which address, and who may look.",
        "Names of hosts, queues and classes of jobs stand there.",
        "`page: {reading: named}`; another port, if that one is somebody else's.",
        "nothing is seen at 127.0.0.1:7655: address already in use",
    ),
    PointSpec(
        "page-people",
        Area.PAGE,
        "Who may say anything by the page: people with a token, or whom a proxy has logged in, and that `ask: people:` names them if it names anybody; and who has a token only to look.",
        "Who is not named is not heard.",
        '`page: {tokens: …, readers: …}`; `ask: {people: {ada: [ada, "page:ada"]}}`.',
        "not heard by the page, because ask: people: names others: ben",
    ),
    PointSpec(
        "page-link",
        Area.PAGE,
        "The address that messages link to (`alerts: {page: …}`): that there is a page, that something answers there, and that no token goes to it in clear.",
        "Who is woken at night follows that link.",
        "A reverse proxy with TLS: packaging/README.md.",
        "http://watchdog.example.org goes over the network in clear, with every token",
    ),
    PointSpec(
        "metrics",
        Area.PAGE,
        "`/metrics`: that it answers as the config says, without a name or with one.",
        "Prometheus would find nothing.",
        "`page: {metrics: anyone}`, or a token of `page: {readers: …}` in the job of Prometheus.",
        "/metrics answers 500 Internal Server Error",
    ),
)
