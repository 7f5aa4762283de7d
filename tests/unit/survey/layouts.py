"""Machines with Mastodon as people have them: each a tree of files, with what must be found in it."""

import msgspec

LIVE = "/home/mastodon/live"
ETC = "/etc/systemd/system"
SHIPPED = """\
[Unit]
Description=mastodon-sidekiq
After=network.target

[Service]
Type=simple
User=mastodon
WorkingDirectory=/home/mastodon/live
Environment="RAILS_ENV=production"
Environment="DB_POOL=25"
Environment="MALLOC_ARENA_MAX=2"
Environment="LD_PRELOAD=libjemalloc.so"
ExecStart=/home/mastodon/.rbenv/shims/bundle exec sidekiq -c 25{more}
TimeoutSec=15
Restart=always
# Proc filesystem
ProcSubset=pid
ProtectProc=invisible
SystemCallFilter=~@cpu-emulation @debug @keyring @ipc @mount @obsolete @privileged @setuid
SystemCallFilter=@chown
SystemCallFilter=pipe
SystemCallFilter=pipe2

[Install]
WantedBy=multi-user.target
"""
SIDEKIQ_YML = """\
---
:concurrency: <%= ENV.fetch('SIDEKIQ_CONCURRENCY', 5).to_i %>
:queues:
  - [default, 8]
  - [push, 6]
  - [ingress, 4]
  - [mailers, 2]
  - [pull]
  - [scheduler]
:scheduler:
  :listened_queues_only: true
"""
ENV = """\
# This is a sample configuration file.
LOCAL_DOMAIN=example.com

REDIS_HOST=10.0.0.5
REDIS_PORT=6379

DB_HOST=/var/run/postgresql
DB_USER=mastodon
DB_NAME=mastodon_production
DB_PASS=databasesecret
"""
ALL = ("default", "push", "ingress", "mailers", "pull", "scheduler")


def unit(more: str = "") -> str:
    """Mastodon's own unit, with options."""
    return SHIPPED.replace("{more}", f" {more}" if more else "")


def live(env: str = ENV) -> dict[str, str]:
    """The folder of the application."""
    return {
        f"{LIVE}/.env.production": env,
        f"{LIVE}/config/sidekiq.yml": SIDEKIQ_YML,
        f"{LIVE}/lib/mastodon/version.rb": "module Mastodon\nend\n",
    }


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """`served` is queues by service; `config` what the config must have in it; `remarks` which remarks there are, beside those about an unreachable Redis, no systemd and the journal."""

    files: dict[str, str]
    links: dict[str, str] = {}
    served: dict[str, tuple[str, ...]] = {}
    url: str = "redis://10.0.0.5:6379/0"
    config: tuple[str, ...] = ()
    secrets: dict[str, str] = {}
    remarks: tuple[str, ...] = ("stop-timeout",)


QUEUES = {queue: unit(f"-q {queue}") for queue in ALL}
LAYOUTS = {
    "one unit": Layout(
        files={f"{ETC}/mastodon-sidekiq.service": unit(), **live()},
        served={"mastodon-sidekiq.service": ALL},
        config=("rules: [pack:sidekiq, pack:mastodon]", "app: {folder: /home/mastodon/live, user: mastodon}", "units: [mastodon-sidekiq*]"),
    ),
    "one unit per queue": Layout(
        files={**{f"{ETC}/mastodon-sidekiq-{queue}.service": text for queue, text in QUEUES.items()}, **live()},
        served={f"mastodon-sidekiq-{queue}.service": (queue,) for queue in ALL},
        config=("# The queue scheduler is served by mastodon-sidekiq-scheduler.service.",),
    ),
    "one unit per queue, a queue forgotten": Layout(
        files={
            **{f"{ETC}/mastodon-sidekiq-{queue}.service": text for queue, text in QUEUES.items() if queue not in ("ingress", "scheduler")},
            **live(),
        },
        served={f"mastodon-sidekiq-{queue}.service": (queue,) for queue in ALL if queue not in ("ingress", "scheduler")},
        remarks=("stop-timeout", "no-scheduler", "no-listener"),
    ),
    "template units": Layout(
        files={
            f"{ETC}/mastodon-sidekiq.service": unit("-q default -q push -q mailers -q pull -q scheduler"),
            f"{ETC}/mastodon-sidekiq-ingress@.service": unit("-q ingress"),
            f"{ETC}/mastodon-sidekiq-ingress@.service.d/stop.conf": "[Service]\nTimeoutStopSec=1min\n",
            **live(),
        },
        links={
            f"{ETC}/multi-user.target.wants/mastodon-sidekiq-ingress@1.service": "../mastodon-sidekiq-ingress@.service",
            f"{ETC}/multi-user.target.wants/mastodon-sidekiq-ingress@2.service": "../mastodon-sidekiq-ingress@.service",
        },
        served={
            "mastodon-sidekiq.service": ("default", "push", "mailers", "pull", "scheduler"),
            "mastodon-sidekiq-ingress@1.service": ("ingress",),
            "mastodon-sidekiq-ingress@2.service": ("ingress",),
        },
    ),
    "templates by queue": Layout(
        files={f"{ETC}/mastodon-sidekiq@.service": unit("-q %i"), **live()},
        links={f"{ETC}/multi-user.target.wants/mastodon-sidekiq@{queue}.service": f"{ETC}/mastodon-sidekiq@.service" for queue in ALL},
        served={f"mastodon-sidekiq@{queue}.service": (queue,) for queue in ALL},
    ),
    "namespace": Layout(
        files={f"{ETC}/mastodon-sidekiq.service": unit(), **live(f"{ENV}REDIS_NAMESPACE=mastodon\n")},
        served={"mastodon-sidekiq.service": ALL},
        config=("  namespace: mastodon",),
    ),
    "separate Sidekiq Redis": Layout(
        files={
            f"{ETC}/mastodon-sidekiq.service": unit(),
            **live(f"{ENV}SIDEKIQ_REDIS_HOST=10.0.0.6\nSIDEKIQ_REDIS_DB=3\nSIDEKIQ_REDIS_PASSWORD='pa$$word/#@'\n"),
        },
        served={"mastodon-sidekiq.service": ALL},
        url="redis://:pa%24%24word%2F%23%40@10.0.0.6:6379/3",
        config=("redis:\n  # redis://10.0.0.6:6379/3, with", 'url: "${file:redis.url}"', "app_redis:\n  url: redis://10.0.0.5:6379/0"),
        secrets={"redis.url": "redis://:pa%24%24word%2F%23%40@10.0.0.6:6379/3"},
    ),
    "sentinels": Layout(
        files={
            f"{ETC}/mastodon-sidekiq.service": unit(),
            **live(f"{ENV}REDIS_SENTINELS=10.0.0.1,10.0.0.2:26380\nREDIS_SENTINEL_MASTER=mymaster\nREDIS_PASSWORD=opensesame\n"),
        },
        served={"mastodon-sidekiq.service": ALL},
        url="redis://:opensesame@/0",
        config=(
            'sentinels: ["10.0.0.1:26379", "10.0.0.2:26380"]',
            "master: mymaster",
            'sentinel_password: "${file:redis.sentinel-password}"',
        ),
        secrets={"redis.url": "redis://:opensesame@/0", "redis.sentinel-password": "opensesame"},
    ),
    "another application": Layout(
        files={
            f"{ETC}/worker.service": "[Service]\nUser=app\nWorkingDirectory=/srv/app\nEnvironment=REDIS_URL=redis://10.0.0.5:6379/0 RAILS_ENV=production\n"
            "ExecStart=/bin/bash -lc 'exec bundle exec sidekiq -q a -q b,2 -t 8'\nRestart=on-failure\nTimeoutStopSec=20\n",
        },
        served={"worker.service": ("a", "b")},
        config=("units: [worker.service]", "rules: [pack:sidekiq]\n"),
        remarks=("no-restart",),
    ),
}
"""Name → layout."""

COMPOSE = """\
services:
  redis:
    restart: always
    image: redis:7-alpine
  sidekiq:
    image: ghcr.io/mastodon/mastodon:v4.5.0
    restart: always
    env_file: .env.production
    command: bundle exec sidekiq
"""
LAYOUTS["compose"] = Layout(
    files={"/opt/mastodon/docker-compose.yml": COMPOSE, "/opt/mastodon/.env.production": "LOCAL_DOMAIN=example.com\nREDIS_HOST=redis\n"},
    url="redis://redis:6379/0",
    config=("rules: [pack:sidekiq, pack:mastodon]",),
    remarks=("compose",),
)
