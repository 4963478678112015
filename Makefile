# Needs Python 3.11 or later and make; everything else goes into .venv.

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= auto
ARGS ?=
CYCLES ?= 14
ON ?= api/rules api/services api/stores
BIN := .venv/bin
PYTEST = "$(BIN)/python" -m pytest -n $(WORKERS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test test-fast chaos drill mutants check fmt lock audit-deps bench load gate clean

help:  ## This list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "%-11s %s\n", $$1, $$2 }' Makefile

run: .venv/.run  ## The service with the demo's data on http://127.0.0.1:8000; PORT=… for another
	DEBUG=$${DEBUG-on} "$(BIN)/python" manage.py migrate --verbosity 0
	DEBUG=$${DEBUG-on} PUBLIC_URL=$${PUBLIC_URL-http://127.0.0.1:$(PORT)} \
		"$(BIN)/python" manage.py demo --shop --serve 127.0.0.1:$(PORT)

test: .venv/.dev  ## All tests, a worker a core; on TEST_REDIS_URL and TEST_DATABASE_URL when set
	$(PYTEST) -m "not chaos" $(ARGS)

test-fast: .venv/.dev  ## The tests but for slow and random ones, a browser's, and those of failing servers
	$(PYTEST) $(ARGS) -m "not browser and not chaos and not cluster and not outages and not slow and not hypothesis"

chaos: .venv/.dev  ## Breaks the servers under customers at work, a fault a cycle; CYCLES=100 for a long run
	"$(BIN)/python" -m tests.chaos --cycles $(CYCLES) $(ARGS)

drill: .venv/.dev  ## Backs up servers of its own, destroys them, restores them, and looks for what is lost
	"$(BIN)/python" -m tests.drill

mutants: .venv/.dev  ## Which small changes of the code no test notices; ON=api/rules/money.py for one module
	"$(BIN)/python" -m tests.mutants $(ON) $(ARGS)

check: .venv/.dev  ## Lint, format, types, layers, and that the migrations are complete
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/python" -m mypy .
	"$(BIN)/lint-imports"
	DEBUG=on "$(BIN)/python" manage.py makemigrations --check --dry-run

fmt: .venv/.dev  ## Puts right what lint and format can put right themselves
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

lock: .venv/.dev  ## requirements.lock anew: what requirements.txt needs in turn, with hashes; needs the network
	"$(BIN)/uv" pip compile requirements.txt --output-file requirements.lock --universal \
		--python-version 3.11 --generate-hashes --custom-compile-command "make lock" --quiet $(ARGS)

audit-deps: .venv/.dev  ## Holes that are known in what is deployed; needs the network
	"$(BIN)/uvx" pip-audit@2.10.1 --requirement requirements.lock --require-hashes --disable-pip --strict

bench: .venv/.dev  ## The tables of docs/benchmarks.md; needs a Redis, and redis-server
	"$(BIN)/python" -m benchmarks

load: .venv/.dev .venv/.load  ## The tables of docs/load.md: a shop's day, a sale's first minute; needs a PostgreSQL
	"$(BIN)/python" -m benchmarks.load $(ARGS)

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

.venv/.load: requirements-load.txt | .venv/bin/python
	$(PYTHON) -m venv .venv/load
	.venv/load/bin/python -m pip install --quiet --requirement requirements-load.txt
	touch $@
