# Every target sets up what it needs. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test trial bench lint docs format wheel deb clean
PYTHON := .venv/bin/python

help: ## what can be made
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: .venv/.demo ## a Sidekiq that gets stuck and is repaired before your eyes, in about a minute; ARGS=--serve leaves its page open
	@.venv/bin/sidekiq-watchdog demo $(ARGS)

# Most of the tests with real parts wait for a beat or an end: so there are twice as many processes as processors.
test: .venv/.dev ## what every change runs; some twenty minutes on two cores
	@.ci/apt --if-possible redis-server ruby-sidekiq debootstrap debian-archive-keyring systemd-container systemd-journal-remote postgresql binutils prometheus-alertmanager prometheus tmux chromium fonts-dejavu-core nginx caddy
	@$(PYTHON) -m tests.suites
	$(PYTHON) -m pytest --numprocesses=$$(($$(nproc) * 2)) $(ARGS)

trial: .venv/.dev ## what has to be shown hundreds of times or for hours; takes up where it was left
	@.ci/apt --if-possible redis-server ruby-sidekiq
	$(PYTHON) -m tests.trial $(ARGS)

bench: .venv/.bench ## the figures of the program beside those of something else, in ten minutes; ARGS=all for three quarters of an hour of all
	@.ci/apt --if-possible redis-server debootstrap debian-archive-keyring systemd-container
	@$(PYTHON) -m tests.suites trixie-systemd
	$(PYTHON) -m tests.bench $(ARGS)

lint: .venv/.dev ## ruff, mypy, layers
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy tests packaging
	.venv/bin/lint-imports --no-logo

docs: .venv/.dev ## the reference in rules/README.md, from the tables
	$(PYTHON) packaging/reference.py

format: .venv/.dev ## puts right what ruff can put right
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

wheel: .venv/.dev ## dist/*.whl
	$(PYTHON) -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .

deb: .venv/.dev ## dist/*.deb, for Debian 12 and 13 and Ubuntu 24.04; ARGS="--arch arm64" for another kind of machine
	@.ci/apt dpkg binutils
	$(PYTHON) packaging/deb/build.py $(ARGS)

clean: ## removes what was made, .venv included
	rm -rf .venv dist build .cache .*_cache .hypothesis

# Newer than pyproject.toml: nothing is fetched, and all of this works without a network.
.venv/.demo: pyproject.toml
	@if [ -e .venv/.dev ]; then .ci/venv dev; else .ci/venv demo; fi

.venv/.dev: pyproject.toml
	@.ci/venv dev

.venv/.bench: pyproject.toml
	@.ci/venv bench
