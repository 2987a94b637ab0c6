# Every command makes what it needs first: the environment once per change of requirements/dev.txt.

STAGE ?=
ALARM_EMAIL ?=
# Of `make deploy`: what the front door lets through, in requests. Not from the environment, as PORT below.
RATE =
BURST =
WAF_RATE =
CHOSEN = $(strip $(ALARM_EMAIL:%=--alarm-email '%') \
	$(RATE:%=--rate '%') $(BURST:%=--burst '%') $(WAF_RATE:%=--waf-rate '%'))
# Of `make run`: the local AWS, the stand-in CRM, Tryton. Many an environment has a PORT that means something else.
PORT =
CRM_PORT =
TRYTON_PORT =
PORTS = $(PORT:%=--port '%') $(CRM_PORT:%=--crm-port '%') $(TRYTON_PORT:%=--tryton-port '%')
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: help
help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

# A name on the PATH may be a shim without an interpreter behind it, so each candidate is tried by running it.
$(READY): requirements/dev.txt
	@for name in python3 python3.11 python3.12 python3.13 python3.14 python3.15; do \
		if $$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then echo "Switchboard needs Python 3.11 or newer with its venv module: none found on the PATH." >&2; exit 1; fi; \
	echo "making .venv with $$($$python --version)"; \
	rm -rf .venv; \
	$$python -m venv .venv; \
	$(PYTHON) -m pip install -qq --disable-pip-version-check -r requirements/dev.txt
	@touch $@

.PHONY: run
run: $(READY) ## the whole hub on this machine, with a scenario; ONCE=1 checks it and stops; also PORT, CRM_PORT, TRYTON_PORT
	@$(PYTHON) -m ops.local.run $(if $(ONCE),--once) $(PORTS)

.PHONY: format
format: $(READY) ## rewrite the code in its one format
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

.PHONY: pages
pages: $(READY) ## rewrite what README.md and docs/ take from the code: channels, connectors, secrets, decisions
	@$(PYTHON) -m ops.pages

.PHONY: lint
lint: $(READY) ## format, lint and types, without running anything
	@$(PYTHON) -m ruff format --check --quiet . || { echo "not in the one format: make format" >&2; exit 1; }
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy

.PHONY: check
check: lint ## lint, and the tests that need no server
	@$(PYTHON) -m pytest -n auto --dist loadgroup -m "not slow"

.PHONY: test
test: lint ## everything that CI checks
	@$(PYTHON) -m pytest -n auto --dist loadgroup

.PHONY: simulate
simulate: $(READY) ## seeded worlds that try to break the promises: SEEDS=N, or SEED=n for one with its story
	@$(PYTHON) -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),500))

.PHONY: bench
bench: $(READY) ## figures: imports, zip, calls and cost per event
	@$(PYTHON) -m benchmarks

.PHONY: package
package: stage $(READY) ## the zip and the template of a stage: make package STAGE=production
	@$(PYTHON) -m ops.deploy.package --stage $(STAGE)

.PHONY: deploy
deploy: stage $(READY) ## package a stage and deploy it to AWS; ALARM_EMAIL=… is where its alarms go; also RATE, BURST, WAF_RATE
	@$(PYTHON) -m ops.deploy --stage $(STAGE) $(CHOSEN)

.PHONY: stage
stage:
	@[ -n "$(STAGE)" ] || { echo "name the stage: STAGE=… (a folder of infra/stages)" >&2; exit 1; }
