# `make` lists what there is. Values (ORDER, LAYER, STORE, …) reach the commands through the environment, never through a
# shell line. Whatever a run leaves behind lies in .local/ and target/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
VENV := .local/venv
BROWSER := .local/browser
LOCALSTACK := .local/localstack
CLI := CALLED_FROM="$(CURDIR)" PYTHONPATH=infra PYTHONDONTWRITEBYTECODE=1 $(VENV)/bin/python -m cli
SAMPLES ?= $(abspath ../shared/samples)
SPECS ?= $(abspath ../shared/specs)

export SAMPLES SPECS PORT STORE UPSTREAM STACK ORDER EXCEPTION YES LAYER DELIVERY PAUSE TIMEOUT ARCH DRY_RUN AWS IAM LOCAL \
	BINARIES VARIANT TAG KIND SINCE ALL PREVIEW YESTERDAY DAYS RECORD
export JSON FORCE TABLES CONFIRM

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the local stack ------------------------------------------------------------------------------------------------

.PHONY: demo up down reset settle order validate trace exceptions replay redrive acknowledge close test-alert pause resume doctor sweep subscriptions test-order catalog drift flows
.PHONY: audit drill cost
demo: $(VENV)/.ready ## one order through all five layers, from nothing, and nothing left running (DELIVERY=<order.json>)
	@$(CLI) demo
up: $(VENV)/.ready ## start the local stack, or redeploy what changed (PORT=, STORE=, UPSTREAM=)
	@$(CLI) up
down: $(VENV)/.ready ## stop it all
	@$(CLI) down
reset: $(VENV)/.ready ## empty stack and sandbox in seconds
	@$(CLI) reset
settle: $(VENV)/.ready ## wait until nothing is in flight (TIMEOUT=120)
	@$(CLI) settle
order: $(VENV)/.ready ## an order is paid in the sandbox's store and goes its way (DELIVERY=<order.json>, VARIANT=)
	@$(CLI) order
validate: $(VENV)/.ready ## is store.toml right? every mistake with its line; nothing is started (STORE=)
	@$(CLI) validate
trace: $(VENV)/.ready ## one order's journey as JSON (ORDER=<number, gid or name>)
	@$(CLI) trace
exceptions: $(VENV)/.ready ## all open exceptions as JSON
	@$(CLI) exceptions
replay: $(VENV)/.ready ## run what is missing for an exception (EXCEPTION=<id>; or KIND=, LAYER=, SINCE=, ALL=1; YES=1)
	@$(CLI) replay
redrive: $(VENV)/.ready ## send dead letters back to their layers (LAYER=, YES=1)
	@$(CLI) redrive
acknowledge: $(VENV)/.ready ## say that you have seen an exception: the digest stops nagging (EXCEPTION=<id>)
	@$(CLI) acknowledge
test-alert: $(VENV)/.ready ## send a test alert on every channel, to be answered by its link
	@$(CLI) test-alert
close: $(VENV)/.ready ## take an exception off the list: what it asked for is done (EXCEPTION=<id>)
	@$(CLI) close
pause: $(VENV)/.ready ## let a layer's orders wait (LAYER=)
	@$(CLI) pause
resume: $(VENV)/.ready ## let a paused layer go on (LAYER=)
	@$(CLI) resume
sweep: $(VENV)/.ready ## ask the store what changed, and put in what no webhook told
	@$(CLI) sweep
subscriptions: $(VENV)/.ready ## make and show the store's webhook subscriptions
	@$(CLI) subscriptions
test-order: $(VENV)/.ready ## a tagged order through the whole stack, made by nobody, cleaned up (VARIANT=)
	@$(CLI) test-order
catalog: $(VENV)/.ready ## hold the catalog against store and partners, and propose rows
	@$(CLI) catalog
flows: $(VENV)/.ready ## what came of each flow (DAYS=30); PREVIEW=<flow>: what it sends when; YESTERDAY=1: try yesterday's events
	@$(CLI) flows
drift: $(VENV)/.ready ## hold store, partners and carriers against each other, for every open order
	@$(CLI) drift
doctor: $(VENV)/.ready ## is all ready for the first order? red or green, with what to do (JSON=1)
	@$(CLI) doctor
audit: $(VENV)/.ready ## each layer automated, manual or missing, from what happened; which to see to first (JSON=1)
	@$(CLI) audit
drill: $(VENV)/.ready ## a tagged order the whole way and back, refunded and cleaned up: a sheet per layer (VARIANT=)
	@$(CLI) drill
cost: $(VENV)/.ready ## what an order, a mail and a month without orders cost (AWS=1: and the SES plan in force)
	@$(CLI) cost

# --- AWS ------------------------------------------------------------------------------------------------------------

.PHONY: deploy destroy
deploy: $(VENV)/.ready $(VENV)/.ready-deploy ## the same template to AWS (STORE=, ARCH=arm64; DRY_RUN=1 to the emulator)
	@$(CLI) deploy
destroy: $(VENV)/.ready ## take the deployed stack down; its tables stay unless TABLES=delete (DRY_RUN=1 only shows)
	@$(CLI) destroy

# --- building and checking ------------------------------------------------------------------------------------------

.PHONY: build test grid check alarms fmt lint pages mails
build: ## the functions and the sandbox, for this machine
	cargo build --locked --workspace --bins

# Every test that needs no more than `make demo` does. Rust's run in one go beside a stack of their own, on free ports, all
# of whose AWS calls pass the sandbox (it counts and breaks them); those of a shop without Shopify beside one of theirs, before.
# The runner's own closing lines come last.
RUST_TESTS = $$(if cargo nextest --version >/dev/null 2>&1; then echo cargo nextest run; else echo cargo test; fi)
test: $(VENV)/.ready ## every test: units, in-process, CLI, and those on a stack of their own
	cd infra && PYTHONDONTWRITEBYTECODE=1 ../$(VENV)/bin/python -m unittest discover -q -s cli/tests -t .
	@WHOLE=1 STORE=infra/local/headless.toml $(CLI) with-stack $(RUST_TESTS) --locked --workspace stack::headless
	@WHOLE=1 UPSTREAM=sandbox $(CLI) with-stack $(RUST_TESTS) --locked --workspace

# The fault grid of the AWS calls: every cell in process, and once more on a stack of its own with microburst before the emulator.
grid: $(VENV)/.ready ## the fault grid as a table, in process and on a stack
	cargo test --locked --workspace --test it -- grid:: --nocapture 2>&1 | grep -E '^grid|panicked|test result'
	@UPSTREAM=microburst $(CLI) with-stack cargo test --locked --workspace --test it -- stack::microburst --nocapture

check: lint $(VENV)/.ready pages alarms ## lint, the template's linter and rules, its alarms, the CLI, the customer's pages and mails in a browser
	$(VENV)/bin/cfn-lint infra/template.yaml
	cd infra && PYTHONDONTWRITEBYTECODE=1 ../$(VENV)/bin/python -m unittest discover -q -s policy -t .
	$(VENV)/bin/python -W error -c "import ast, pathlib; [ast.parse(p.read_text(), str(p)) for p in pathlib.Path('infra').rglob('*.py')]"

# Pages and mails come from the Rust tests, a page in every state of an order; nothing of AWS is needed.
WRITTEN = $${CARGO_TARGET_DIR:-target}/tmp
pages: $(BROWSER)/.ready ## what customers see, in a real Chromium: axe, phone and desktop, light and dark (pictures in .local/browser)
	cargo test --locked --workspace --test it -- storefront_page every_mail_is_written
	@cp tests/browser/*.mjs $(BROWSER)/
	$(VENV)/bin/node $(BROWSER)/check.mjs "$(WRITTEN)/order-pages" $(BROWSER)/pictures
	$(VENV)/bin/node $(BROWSER)/mails.mjs "$(WRITTEN)/mails" $(BROWSER)/pictures/mails

alarms: $(VENV)/.ready $(LOCALSTACK)/.ready ## every row of infra/alarms/truth.toml that names an alarm, judged by LocalStack's CloudWatch
	@CALLED_FROM="$(CURDIR)" PYTHONPATH=infra PYTHONDONTWRITEBYTECODE=1 $(VENV)/bin/python -m alarms.judge

mails: ## every mail with sample data, in every language, to look at in a browser
	cargo test --locked --workspace --test it -- every_mail_is_written
	@mkdir -p .local && rm -rf .local/mails && cp -R "$(WRITTEN)/mails/gallery" .local/mails
	@echo "open $(CURDIR)/.local/mails/index.html"

fmt: ## format the Rust code
	cargo fmt --all
lint: ## formatting and clippy, warnings refused
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# --- what the rest stands on ----------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …" >&2; exit 1; }
	@mkdir -p .local
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: infra/local/requirements.txt | $(VENV)/bin/python
	@echo "installing the emulator and the linters into $(VENV) (once, about half a minute)" >&2
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r infra/local/requirements.txt
	@touch $@

$(LOCALSTACK)/.ready: infra/alarms/requirements.txt
	@echo "installing LocalStack's CloudWatch into $(LOCALSTACK) (once, about half a minute)" >&2
	@$(PYTHON) -m venv $(LOCALSTACK)
	@$(LOCALSTACK)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(BROWSER)/.ready: tests/browser/requirements.txt tests/browser/package-lock.json | $(VENV)/bin/python
	@echo "installing a browser into $(BROWSER) (once, about half a minute)" >&2
	@mkdir -p $(BROWSER)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@cp tests/browser/package.json tests/browser/package-lock.json $(BROWSER)/
	@cd $(BROWSER) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

$(VENV)/.ready-deploy: infra/local/requirements-deploy.txt | $(VENV)/bin/python
	@if [ -z "$$BINARIES" ]; then echo "installing cargo-lambda into $(VENV) (once)" >&2; $(VENV)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@; fi
