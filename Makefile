.DEFAULT_GOAL := help
.PHONY: help setup up demo down status doctor logs clean check test test-long \
	test-faults bench bench-full pictures format lock lock-upgrade

# The Python that makes .venv; everything else runs in there.
PYTHON3 ?= python3
BIN := .venv/bin
# Node comes with .venv: a system's own may be too old, or none.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix clients/web/page
LOCK := $(BIN)/uv pip compile pyproject.toml --extra server --extra page --extra dev --extra bench \
	--generate-hashes --universal --custom-compile-command "make lock" \
	--quiet -o requirements.lock

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

doctor: | $(BIN)/emostream ## Look at all that it needs, and say what helps
	@$(BIN)/emostream doctor

logs: | $(BIN)/emostream ## Show the end of a log: make logs NAME=stream
	@$(BIN)/emostream logs $(NAME)

clean: | $(BIN)/emostream ## Delete all data, logs and credentials; asks first
	@$(BIN)/emostream clean

check: ## Format, lint, types and import contracts; changes nothing
	@$(PYTHON3) -m compose.setup check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run check

test: ## Unit, integration and system tests
	@$(PYTHON3) -m compose.setup test
	$(BIN)/pytest -v -m "not long" -n 3 --durations 20 --dist loadscope --no-loadscope-reorder \
		tests/unit tests/integration tests/system

test-long: ## The tests that take minutes each
	@$(PYTHON3) -m compose.setup test
	$(BIN)/pytest -v -m long tests/unit tests/integration tests/system

test-faults: setup ## Break every part under load, and add up: 100 minutes
	$(BIN)/python -m tests.faults

bench: ## Measure it all: docs/benchmarks.md, and the figures in README
	@$(PYTHON3) -m compose.setup bench
	$(BIN)/python -m tests.load

bench-full: ## The same with more and longer repeats: two hours
	@$(PYTHON3) -m compose.setup bench
	$(BIN)/python -m tests.load --repeats 5 --seconds 60

pictures: ## Take the pictures of the pages: docs/pages/
	@$(PYTHON3) -m compose.setup test
	$(BIN)/python -m tests.pictures

format: ## Format the code and mend what the linter can
	@$(PYTHON3) -m compose.setup python
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Bring requirements.lock up to date with pyproject.toml
	@$(PYTHON3) -m compose.setup python
	$(LOCK)

lock-upgrade: ## The same, with the newest version of everything
	@$(PYTHON3) -m compose.setup python
	$(LOCK) --upgrade

$(BIN)/emostream:
	@echo "Nothing is set up here yet: make setup" >&2
	@exit 1
