# Everything a person or a machine needs: each target sets itself up. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= demo
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-spark test-all check fix docs bench clean validate

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "stromata needs Python 3.11 or newer; PYTHON=... names one" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "no virtual environment could be made; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## run the shipped review end to end and say where its report is
	@$(BIN)/stromata demo --dir $(OUT) --force

serve: ## with `make demo serve`: open the report in the browser
	@$(PYTHON) -m webbrowser "file://$(abspath $(OUT))/report.html"

test: $(READY) ## the default test suite
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-spark: $(READY) ## the engines' test on a local Spark cluster; needs Java
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,spark]'
	STROMATA_REQUIRE=spark $(BIN)/python -m pytest tests/engine/test_spark.py

test-all: $(READY) ## every test, the slow ones too
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(READY) ## format, lint, types, layers, documentation up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/build.py --check

fix: $(READY) ## format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## write the generated pages of the documentation
	$(BIN)/python docs/build.py

bench: $(READY) ## run the benchmarks; one JSON line per case
	@for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script; done

validate: $(READY) ## hold synthesis against results of R in the folder DATA; ARGS="--all" lists every difference
	@$(BIN)/python validation/metafor/run.py $(DATA) $(ARGS)

clean: ## remove the environment and the demo
	rm -rf $(VENV) $(OUT)
