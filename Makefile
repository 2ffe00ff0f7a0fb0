# FlowGuard. `make` lists the targets; each of them first creates the environment that it needs.

VENV ?= .venv
SIZE ?= small
WORKERS ?= 2
BIN := $(VENV)/bin
CHOSEN_BROKER = $(if $(BROKER),--broker $(BROKER))
BROKER_READY = $(if $(filter kafka,$(BROKER)),apache-kafka,$(VENV)/.local)
CHOSEN_WAREHOUSE = $(if $(WAREHOUSE),--warehouse $(WAREHOUSE))
WAREHOUSE_READY = $(if $(filter snowflake,$(WAREHOUSE)),$(VENV)/.snowflake $(VENV)/.fakesnow)

# The first Python that is new enough; PYTHON=… overrides.
NEW_ENOUGH := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
PYTHON ?= $(firstword $(shell for python in python3 python3.13 python3.12 python3.14 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python; done))

# Tests spend half of their time waiting. A worker that dies has failed the run; one in its place would play that test
# again and again. Those of a file share what is dear to start, so loadfile keeps them together.
SIDE_BY_SIDE := --numprocesses $(WORKERS) --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help up test test-browser test-faults test-snowflake chaos check demo bench screenshots requirements apache-kafka

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(BROKER_READY) ## set up and run the platform  [SIMULATE=0: no shoppers] [BROKER=embedded|kafka|external]
	@$(BIN)/flowguard up $(if $(filter 0,$(SIMULATE)),--no-simulate) $(CHOSEN_BROKER)

demo: $(BROKER_READY) $(WAREHOUSE_READY) ## send events through everything and check every figure  [EVENTS=50000] [BROKER=kafka] [WAREHOUSE=snowflake]
	@$(BIN)/flowguard demo $(if $(EVENTS),--events $(EVENTS)) $(CHOSEN_BROKER) $(CHOSEN_WAREHOUSE)

test: $(VENV)/.dev ## run the tests, but for those of a browser and of faults  [ARGS=…: for pytest] [WORKERS=2]
	@$(MAKE) --silent $(VENV)/.fakesnow || true  # without it, its tests are skipped
	@$(APACHE_KAFKA) || true  # without it, its tests are skipped
	@$(BIN)/python -m pytest -m "not faults and not browser" $(SIDE_BY_SIDE) --dist loadfile $(ARGS)

test-browser: $(VENV)/.dev ## run the tests that drive a real Chromium  [ARGS=…: for pytest]
	@$(BIN)/python -m pytest -m browser $(ARGS)

test-faults: $(VENV)/.dev ## kill, stall and fill what runs, at each step and at random  [ARGS=…: for pytest] [WORKERS=2]
	@$(APACHE_KAFKA) || true  # without it, its tests are skipped
	@$(BIN)/python -m pytest -m faults $(SIDE_BY_SIDE) $(ARGS)

test-snowflake: $(VENV)/.dev ## test what a warehouse promises on the account of FLOWGUARD_SNOWFLAKE_*  [ARGS=…: for pytest]
	@$(BIN)/python -m pytest --on-account -m "not faults" --timeout 1800 $(ARGS) \
		flowguard_tests/warehouse/test_contract.py flowguard_tests/warehouse/test_same_gold.py

chaos: $(VENV)/.dev ## faults at random under steady traffic, then every event is counted  [MINUTES=10] [SEED=…]
	@$(APACHE_KAFKA)
	@$(BIN)/python -m flowguard_tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.dev ## lint, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/.dev ## measure against a ceiling in the same run  [NAME=…] [SIZE=small|full]
	@if [ -z "$(NAME)" ]; then \
		echo "make bench NAME=…, one of: $$(ls benchmarks | sed -nE 's/^([a-z]\w*)\.py$$/\1/p' | tr '\n' ' ')"; \
	else $(BIN)/python -m benchmarks.$(NAME) --size $(SIZE); fi

screenshots: $(VENV)/.dev ## take the pictures in docs/images again; needs Chromium
	@$(BIN)/python -m tools.screenshots

requirements: $(VENV)/.tools ## pin again what pyproject.toml asks for, at today's versions
	@$(COMPILE) --upgrade pyproject.toml --extra dashboard --extra kafka --extra local --extra postgres --extra snowflake --extra spark --group dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra dashboard --extra local --constraint requirements/dev.txt --output-file requirements/local.txt
	@$(COMPILE) pyproject.toml --extra dashboard --extra kafka --extra local --constraint requirements/dev.txt --output-file requirements/kafka.txt
	@$(COMPILE) pyproject.toml --extra dashboard --extra local --extra snowflake --constraint requirements/dev.txt --output-file requirements/snowflake.txt
	@$(COMPILE) pyproject.toml --extra dashboard --extra local --extra spark --constraint requirements/dev.txt --output-file requirements/spark.txt
	@$(COMPILE) pyproject.toml --extra dashboard --extra postgres --constraint requirements/dev.txt --output-file requirements/deploy.txt
	@$(COMPILE) --upgrade --output-file requirements/fakesnow.txt requirements/fakesnow.in
	@$(COMPILE) --constraint requirements/dev.txt --output-file requirements/tools.txt requirements/tools.in

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11

NO_PYTHON = $(or $(PYTHON),python3) is not a Python from 3.11 to 3.14: \
	install one, or name it with make PYTHON=/path/to/python3
NO_VENV = $(PYTHON) cannot create environments: install its venv module \
	(Debian and Ubuntu: apt-get install python3-venv), or name another with make PYTHON=/path/to/python3

# The environment: pip brings uv and what builds FlowGuard, uv brings the rest; nothing whose hash is not in requirements/ gets in.
# A stamp says what is installed, so that the next call starts at once. Compiled, because a platform of eight processes
# imports the same, and where Python may not write its bytecode each start of each would compile it again.

$(VENV)/.local $(VENV)/.kafka $(VENV)/.snowflake $(VENV)/.spark $(VENV)/.dev: $(VENV)/.%: requirements/%.txt pyproject.toml $(VENV)/.tools
	@echo "Installing what requirements/$*.txt pins (the first time this takes a minute) …"
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/$*.txt
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tools: requirements/tools.txt
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(NO_VENV)" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Creating $(VENV) with $$($(PYTHON) --version) …"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

# fakesnow has a DuckDB of its own, so an environment of its own.

$(VENV)/.fakesnow: requirements/fakesnow.txt $(VENV)/.tools
	@echo "Installing what requirements/fakesnow.txt pins …"
	@$(BIN)/python -m venv --without-pip $(VENV)/fakesnow
	@VIRTUAL_ENV=$(abspath $(VENV))/fakesnow $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/fakesnow.txt
	@touch $@

# Its jars, which are checked against requirements/kafka.sha256. Done at once when they are there.

apache-kafka: $(VENV)/.kafka
	@$(APACHE_KAFKA)

APACHE_KAFKA = $(BIN)/python -m flowguard.local.apache_kafka
