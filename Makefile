.DEFAULT_GOAL := help
.PHONY: help setup up demo down status doctor logs clean check check-code check-page check-tests test test-long \
	test-faults test-compose bench bench-full bench-compose pictures format lock lock-upgrade \
	compose-up compose-down compose-logs compose-file container-host

# Bytecode is kept, whatever the shell says: hundreds of processes would compile anew
# what they load, and each process of tests all of it.
export PYTHONDONTWRITEBYTECODE :=
# The Python that makes .venv; everything else runs in there.
PYTHON3 ?= python3
BIN := .venv/bin
TESTS := tests/unit tests/integration tests/system
# What of the system's tests sees it from outside alone, however it runs.
BLACK_BOX := http rooms contract audience ledger crowd page counts
# The same system in containers; needs nothing of .venv.
OWN_FILE := compose/own.yaml
COMPOSE := docker compose -f $(firstword $(wildcard $(OWN_FILE)) compose/compose.yaml)
# Node comes with .venv: a system's own may be too old, or none.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix clients/web/page
LOCK := $(BIN)/uv pip compile pyproject.toml --generate-hashes --universal \
	--custom-compile-command "make lock" --quiet --extra server --extra page
# All there is; and of the same versions what the images are made with.
LOCK_ALL := $(LOCK) --extra dev --extra bench -o requirements.lock
LOCK_IMAGES := $(LOCK) --constraint requirements.lock -o compose/images.lock

help: ## List the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Install what is missing: system packages, .venv, jars; build the pages
	@$(PYTHON3) -m compose.setup

up: setup ## Start everything and wait until it is ready
	@$(BIN)/emostream up

demo: setup ## A match in a minute: 200 clients, and parts that are killed
	@$(BIN)/emostream demo

down: | $(BIN)/emostream ## Stop everything; data is kept
	@$(BIN)/emostream down

status: | $(BIN)/emostream ## Show each process and each hop, and what is wrong
	@$(BIN)/emostream status

compose-up: ## Start everything in containers, and wait until it is ready
	$(COMPOSE) up --build --detach --wait
	@$(COMPOSE) ps nginx --format 'EmoStream is up: http://{{.Ports}}' | sed 's,->.*,/,'

compose-down: ## Stop the containers; data is kept
	$(COMPOSE) down

compose-logs: ## Follow the containers' logs: make compose-logs NAME=stream
	$(COMPOSE) logs --follow --tail 100 $(NAME)

compose-file: | $(BIN)/emostream ## Write compose/own.yaml from your settings, for these verbs
	$(BIN)/python -m compose.containers render > $(OWN_FILE).new
	mv $(OWN_FILE).new $(OWN_FILE)

container-host: ## Make a Debian without an image registry build and run containers
	compose/container-host

doctor: | $(BIN)/emostream ## Look at all that it needs, and say what helps
	@$(BIN)/emostream doctor

logs: | $(BIN)/emostream ## Show the end of a log: make logs NAME=stream
	@$(BIN)/emostream logs $(NAME)

clean: | $(BIN)/emostream ## Delete all data, logs and credentials; asks first
	@$(BIN)/emostream clean

check: ## Format, lint, types, contracts, and that tests can be run; changes nothing
	@$(PYTHON3) -m compose.setup check
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check-code check-page check-tests

check-code:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint compose/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose/compose.yaml

check-page:
	$(NPM) run check

check-tests: SHELL := /bin/bash -o pipefail
check-tests:
	$(BIN)/pytest --collect-only -q $(TESTS) | tail -n 20

test: ## Unit, integration and system tests
	@$(PYTHON3) -m compose.setup test
	$(BIN)/pytest -v -m "not long" -n 4 --durations 20 --dist loadscope --no-loadscope-reorder \
		$(TESTS)

test-long: ## The tests that take minutes each
	@$(PYTHON3) -m compose.setup test
	$(BIN)/pytest -v -m long $(TESTS)

test-compose: ## The system in containers, from outside; Docker is needed: 20 minutes
	@$(PYTHON3) -m compose.setup test
	$(BIN)/pytest -v --containers --durations 10 tests/containers \
		$(addprefix tests/system/test_,$(addsuffix .py,$(BLACK_BOX)))

test-faults: setup ## Break every part under load, and add up: 100 minutes
	$(BIN)/python -m tests.faults

bench: ## Measure it all: docs/benchmarks.md, and the figures in README
	@$(PYTHON3) -m compose.setup bench
	$(BIN)/python -m tests.load

bench-full: ## The same with more and longer repeats: two hours
	@$(PYTHON3) -m compose.setup bench
	$(BIN)/python -m tests.load --repeats 5 --seconds 60

bench-compose: ## Measure the containers beside the processes: 50 minutes
	@$(PYTHON3) -m compose.setup bench
	$(BIN)/python -m tests.load.beside

pictures: ## Take the pictures of the pages: docs/pages/
	@$(PYTHON3) -m compose.setup test
	$(BIN)/python -m tests.pictures

format: ## Format the code and mend what the linter can
	@$(PYTHON3) -m compose.setup python
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Bring requirements.lock up to date with pyproject.toml
	@$(PYTHON3) -m compose.setup python
	$(LOCK_ALL)
	$(LOCK_IMAGES)

lock-upgrade: ## The same, with the newest version of everything
	@$(PYTHON3) -m compose.setup python
	$(LOCK_ALL) --upgrade
	$(LOCK_IMAGES) --upgrade

$(BIN)/emostream:
	@echo "Nothing is set up here yet: make setup" >&2
	@exit 1
