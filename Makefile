.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help setup run test check format lock migration openapi bench

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## install what is missing into .venv/

$(STAMP): requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

run: setup  ## PostgreSQL, the API and the worker on http://127.0.0.1:8000 (PORT=…), with the demo district
	HANGJI_TODAY=$${HANGJI_TODAY-2019-12-31} $(BIN)/hangji serve --demo --port $${PORT-8000}

test: setup  ## the whole suite
	$(BIN)/pytest -q -n 2 --dist worksteal

check: setup  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## make the hashed locks anew from pyproject.toml (needs uv)
	uv pip compile -q -U --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	uv pip compile -q -U --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

migration: setup  ## draft a revision from the models: make migration m="why"
	$(BIN)/hangji migration "$(m)"

openapi: setup  ## write openapi/openapi.json
	$(BIN)/hangji openapi

bench: setup  ## 100,000 members in 2,000 organisations: the table of bench/README.md
	$(BIN)/python bench/run.py
