# Earshot. `make help` lists the targets. Only Python 3.11+, make and the package registries are assumed.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH_READY := $(VENV)/.ready-torch
PYTEST := $(BIN)/python -m pytest
# These tests need no services and may run side by side. All others, also of a folder that is new, run one by one.
ALONE := unit property contract golden agents reference simulation model

.PHONY: help setup setup-torch demo down test test-fast test-long test-torch check fmt schemas golden bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@echo "earshot: setting up $(VENV) (first time about two minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --progress-bar on -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(TORCH_READY): requirements-torch.lock $(READY)
	@echo "earshot: adding the torch extra (several GB)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-torch.lock
	@touch $@

setup: $(READY) ## make the environment from the lock file

setup-torch: $(TORCH_READY) ## add the extra for training and the torch baselines

demo: $(READY) ## the whole loop on the embedded stack (KEEP=1 leaves it running)
	@$(BIN)/earshot demo $(if $(KEEP),--keep)

down: $(READY) ## stop what KEEP=1 left running
	@$(BIN)/earshot demo --stop

test: $(READY) ## every test, on a real broker and the real ClickHouse engine
	@$(PYTEST) -n logical --dist worksteal $(ALONE:%=tests/%); alone=$$?; $(PYTEST) $(ALONE:%=--ignore=tests/%) && exit $$alone

test-fast: $(READY) ## the tests that need no services
	@$(PYTEST) -n logical --dist worksteal $(ALONE:%=tests/%)

test-long: $(READY) ## long fault runs (tens of minutes): not part of make test
	@$(PYTEST) tests/long

test-torch: $(TORCH_READY) ## the tests that need the torch extra: training, the torch engine, both engines alike
	@$(PYTEST) tests/torch

check: $(READY) ## formatting, lint, types, import rules, drift of exported files (writes nothing)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/earshot schemas --check

fmt: $(READY) ## format and fix (writes)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schemas: $(READY) ## export the contract's files (writes)
	@$(BIN)/earshot schemas

bench: $(TORCH_READY) ## rates of the engine, of enrich and of the router, and what each signal costs (some minutes)
	@$(BIN)/earshot bench engine
	@$(BIN)/earshot bench signals
	@$(BIN)/earshot bench enrich
	@$(BIN)/earshot bench route

lock: ## resolve the lock files anew (writes; needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra local --extra dev pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra local --extra dev --extra torch pyproject.toml -o requirements-torch.lock

clean: ## remove the environment, caches and the embedded stack's data
	@test ! -x $(BIN)/earshot || $(BIN)/earshot demo --stop || true
	rm -rf $(VENV) .earshot .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
