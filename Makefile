# Every target sets up what it needs; the second run is quick.
#
#   PYTHON=/path/to/python   the interpreter for .venv (default: the first one >= 3.11 found)
#   PORT=5000                where `make demo` serves
#   TESTS='tests example_app' what `make test` runs: a directory, a file, or file::test
#   OSO_TEST_CASES=full      all random cases, where a sixteenth of them is tried otherwise, and
#                             all combinations, where any two values stand together otherwise;
#                             whoever names a test gets all of its combinations
#   BENCH='--quick --only W2' how `make bench` runs; `make bench BENCH=--help` says more
#                             BENCH=shapes, pages, cedar and chart are sets of their own
#   JOBS=2                   how many processes share the tests; 0 runs them in one, for a debugger
#   MINUTES=10               how long `make fuzz` looks: half of it compares with oso

PYTHON ?=
PORT ?= 5000
TESTS ?= tests example_app
BENCH ?=
JOBS ?= 2
MINUTES ?= 10

# A file stays in one process: its tests share what takes long to make.
SHARED := -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Tests start Python hundreds of times, which takes twice as long where no bytecode is kept.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
FOR_DEMO := $(VENV)/.installed-example
FOR_DEV := $(VENV)/.installed-dev
FOR_BENCH := $(VENV)/.installed-bench
FOR_DOCS := $(VENV)/.installed-docs

.DEFAULT_GOAL := help
.PHONY: help demo docs test test-solver ci bench fuzz lint types tables wheel clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */:/' | awk -F: '{ printf "  make %-11s %s\n", $$1, $$2 }'

demo: $(FOR_DEMO) ## serve the example application, with fresh sample data
	@$(BIN)/flask --app example_app init-db
	$(BIN)/flask --app example_app run --host 127.0.0.1 --port $(PORT)

docs: $(FOR_DOCS) ## build the documentation site into build/docs
	rm -rf build/docs build/doctrees
	$(BIN)/python -m sphinx -n -W --keep-going -q -d build/doctrees docs build/docs
	@echo "The site is in build/docs: open build/docs/index.html"

test: $(FOR_DEV) ## run the tests, in their small size
	$(BIN)/python -m pytest -q -rs $(SHARED) $(TESTS)

# Left out is what never asks a policy, or says itself whether it is compiled.
test-solver: $(FOR_DEV) ## run the tests of the language without compiled rules
	OSO_COMPILED=0 $(BIN)/python -m pytest -q $(SHARED) \
		--ignore tests/polar/compiler --ignore tests/polar/policy \
		--ignore tests/polar/syntax --ignore tests/polar/tools \
		tests/polar tests/security tests/test_oso.py

ci: ## run everything that must hold before a change lands, and print a table
	bash .ci/run

bench: $(FOR_BENCH) ## measure what decisions cost, beside hand-written code and peers
	$(BIN)/python -m benchmarks $(BENCH)

fuzz: $(FOR_DEV) ## look for inputs that break a promise, or differ from oso, for MINUTES
	@status=0; half=$$(awk 'BEGIN { print $(MINUTES) / 2 }'); \
	$(BIN)/python -m tests.differential.campaign --minutes $$half || status=1; \
	$(BIN)/python -m tests.fuzz --minutes $$half || status=1; \
	exit $$status

lint: $(FOR_DEV) ## check style
	$(BIN)/ruff check .

types: $(FOR_DEV) ## check types
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python tests/test_types.py

tables: $(FOR_DEV) ## keep the tables of the parser, after a change of grammar.lark
	$(BIN)/python -c 'from flask_oso.polar.syntax import lr_tables; lr_tables.keep_tables()'

wheel: $(FOR_DEV) ## build the wheel into dist/
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist .

clean: ## remove the environment and what was built
	rm -rf $(VENV) build dist instance .mypy_cache .pytest_cache .ruff_cache

$(FOR_DEMO): pyproject.toml
	sh .ci/venv $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[example]'
	@touch $@

$(FOR_DEV): pyproject.toml tests/family/requirements.txt
	sh .ci/venv $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/family/requirements.txt
	@touch $@

$(FOR_DOCS): pyproject.toml
	sh .ci/venv $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

# A peer that does not install on this Python stays out, and the benchmarks say so.
$(FOR_BENCH): pyproject.toml
	sh .ci/venv $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@
