# Needs Python 3.11 or later and make; everything else goes into .venv.

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= auto
ARGS ?=
BIN := .venv/bin
PYTEST = "$(BIN)/python" -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check fmt bench gate clean

help:  ## This list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "%-10s %s\n", $$1, $$2 }' Makefile

run: .venv/.run  ## The service with the demo's data on http://127.0.0.1:8000; PORT=… for another
	DEBUG=$${DEBUG-on} "$(BIN)/python" manage.py migrate --verbosity 0
	DEBUG=$${DEBUG-on} PUBLIC_URL=$${PUBLIC_URL-http://127.0.0.1:$(PORT)} \
		"$(BIN)/python" manage.py demo --serve 127.0.0.1:$(PORT)

test: .venv/.dev  ## All tests, a worker a core; on TEST_REDIS_URL and TEST_DATABASE_URL when set
	$(PYTEST)

test-fast: .venv/.dev  ## The tests that need no browser and wait for no server to fail
	$(PYTEST) -m "not browser and not cluster and not outages"

check: .venv/.dev  ## Lint, format, types, layers, and that the migrations are complete
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/python" -m mypy .
	"$(BIN)/lint-imports"
	DEBUG=on "$(BIN)/python" manage.py makemigrations --check --dry-run

fmt: .venv/.dev  ## Puts right what lint and format can put right themselves
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

bench: .venv/.dev  ## The tables of docs/benchmarks.md; needs a Redis, and redis-server
	"$(BIN)/python" -m benchmarks

gate:  ## All that must hold before a change lands; needs a PostgreSQL and a Redis
	.ci/run

clean:  ## Removes the virtual environment and the tools' caches, not what `make run` has stored
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	"$(BIN)/python" -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	"$(BIN)/python" -m pip install --quiet --requirement requirements-dev.txt
	touch $@ .venv/.run
