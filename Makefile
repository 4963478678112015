# Needs Python 3.11 or later and make; everything else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: test clean

test: .venv/.dev  ## All tests; on TEST_REDIS_URL and TEST_DATABASE_URL when set
	$(BIN)/python -m pytest

clean:  ## Removes the virtual environment
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@
