# Two commands from the first day on: `make run` and `make test`. Everything else is for those who change things.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready

.DEFAULT_GOAL := help
.PHONY: help run test check format bench torture lock clean

help:
	@echo "make run      start API, console, worker and embedded wallet with demo data"
	@echo "make test     the whole suite (SQLite, PostgreSQL, one real browser where there is one)"
	@echo "make check    format, lint, types, imports, policy check"
	@echo "make bench    measured speed, one run"
	@echo "make torture  long runs: oracle comparison and kills"
	@echo "make format   rewrite the code in the house's format"
	@echo "make lock     resolve the dependencies anew"
	@echo "make clean    remove the environment and the demo's data"

# durable-rules is built from source; on Python 3.13 its C needs one name spelled anew.
NEWER := $(shell $(PYTHON) -c 'import sys; print(int(sys.version_info >= (3, 13)))' 2>/dev/null)
ifeq ($(NEWER),1)
export CC := gcc -DPyEval_CallObject=PyObject_CallObject
endif

$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $(READY)

run: $(READY)
	$(BIN)/esa-policy demo

# Each worker and each command that a test starts would compile every module anew without this.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/esa-policy check 2>/dev/null
	$(BIN)/esa-policy test --coverage

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The peers are for measuring alone, so they are installed when they are measured.
BENCHED := $(VENV)/bench-ready

$(BENCHED): requirements-bench.lock $(READY)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.lock
	@touch $(BENCHED)

bench: $(BENCHED)
	$(BIN)/python -m tests.bench

torture: $(READY)
	PYTHONPATH=tests $(BIN)/python -m support.torture --facts 1000000
	PYTHONPATH=tests $(BIN)/python -m support.torture_export --mutations 10000
	PYTHONPATH=tests $(BIN)/python -m support.torture_million --records 1000000
	PYTHONPATH=tests $(BIN)/python -m support.torture_million --postgres
	PYTHONPATH=tests $(BIN)/python -m support.torture_kills --kills 200 --database sqlite
	PYTHONPATH=tests $(BIN)/python -m support.torture_kills --kills 200 --database postgres

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate -c requirements.lock -o requirements-dev.lock
	uv pip compile pyproject.toml --extra dev --extra bench --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --no-annotate -c requirements-dev.lock -o requirements-bench.lock

clean:
	rm -rf $(VENV) var
