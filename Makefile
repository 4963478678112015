# Needs Python 3.11 or later and make; everything else goes into .venv.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: run test bench clean

run: .venv/.run  ## The service with the demo's data on http://127.0.0.1:$(PORT)
	DEBUG=$${DEBUG-on} $(BIN)/python manage.py migrate --verbosity 0
	DEBUG=$${DEBUG-on} $(BIN)/python manage.py demo --serve 127.0.0.1:$(PORT)

test: .venv/.dev  ## All tests; on TEST_REDIS_URL and TEST_DATABASE_URL when set
	$(BIN)/python -m pytest

bench: .venv/.dev  ## The tables of docs/benchmarks.md; needs a Redis, and redis-server
	$(BIN)/python -m benchmarks

clean:  ## Removes the virtual environment
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@ .venv/.run
