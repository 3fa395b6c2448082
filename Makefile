# Every target is one line that calls the real tool. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SCALE ?= 1
TEST := $(CURDIR)/target/test
export DAGSTER_HOME ?= $(CURDIR)/orchestration/instance
export DBT_PROFILES_DIR := $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-extracts land quarantine run scorecard releases back erase dev view docs kpi-pages test lint types structure unit pytest test-long licences audit audit-online benchmark mutants clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/installed  ## Install the locked dependencies into .venv.

.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && touch $@

# dbt opens the warehouse here even where it only looks at models.
private:
	mkdir -m 700 private

demo: export KPI_AS_OF_DATE := 2025-12-31
demo: demo-extracts run scorecard  ## Everything on the demo company; SCALE=30 makes it 30 times as large.

demo-extracts: setup
	DEMO_SCALE=$(SCALE) $(BIN)/python -m demo

run: setup  ## Land new files, build and test all models, publish. KPI_AS_OF_DATE says which day is the last.
	$(BIN)/dagster job execute -m orchestration.definitions -j refresh

land: setup  ## Land new files only.
	$(BIN)/python -m orchestration.landing

quarantine: setup  ## Write the rows that wait in quarantine to CSV files, to be corrected and landed again.
	@$(BIN)/python -m orchestration.landing.quarantine

scorecard: setup  ## Print the KPIs of the published file.
	@$(BIN)/python -m orchestration.scorecard

releases: setup  ## List the releases that are kept; an arrow marks the published one.
	@$(BIN)/python -m orchestration.publish

back: setup  ## Publish the release before the present one again, or TO=<name>.
	@$(BIN)/python -m orchestration.publish.back

erase: setup  ## Erase a person from the warehouse: PERSON=<e-mail address, or id of a contact or lead>.
	@$(BIN)/python -m orchestration.landing.erasure

dev: setup  ## Open the Dagster page on http://127.0.0.1:3000, with schedules and sensors.
	$(BIN)/python -m orchestration.page

view: setup  ## Open the Dagster page to look at, without changing anything, on http://127.0.0.1:3001.
	$(BIN)/python -m orchestration.page.view

docs: setup private  ## Open the dbt documentation on http://127.0.0.1:8080.
	KPI_AS_OF_DATE=$${KPI_AS_OF_DATE:-2025-12-31} $(BIN)/dbt docs generate && $(BIN)/dbt docs serve --host 127.0.0.1 --port 8080

kpi-pages: setup  ## Write docs/kpis, core.md, analyses.md and peers.md from the models.
	$(BIN)/python docs/generate.py

test: setup  ## Every test.
	$(MAKE) --jobs 2 --output-sync=line lint types structure unit && $(MAKE) pytest

lint: setup private  ## Style of Python and SQL.
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && KPI_AS_OF_DATE=2025-12-31 $(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models

types: setup  ## Types of the Python.
	$(BIN)/mypy

structure: setup  ## The shape of the dbt project, over its manifest.
	$(BIN)/pytest tests/structure

unit: setup  ## The cases of every KPI (dbt unit tests), on empty tables.
	rm -rf $(TEST) && mkdir -p $(TEST)/extracts && export KPI_AS_OF_DATE=2025-12-31 KPI_EXTRACTS=$(TEST)/extracts KPI_WAREHOUSE=$(TEST)/private/warehouse.duckdb KPI_RELEASE=$(TEST)/release.duckdb KPI_PUBLISHED=$(TEST)/published DBT_TARGET_PATH=$(TEST)/target && $(BIN)/python -m orchestration.landing && $(BIN)/dbt --no-partial-parse --quiet build --exclude-resource-type unit_test --exclude-resource-type test && $(BIN)/dbt test --resource-type unit_test

pytest: setup  ## Python tests: landing, orchestration, demo, oracle, laws, acceptance.
	$(BIN)/pytest --ignore tests/structure -n 2 --dist loadgroup

test-long: setup  ## The promises of reliability in their full sizes; writes docs/reliability.md.
	$(BIN)/pytest -m promise -n 2 --dist loadgroup --long --reliability-page=docs/reliability.md

licences: setup  ## Write docs/licences.md from the locked packages.
	$(BIN)/python -m orchestration.dependencies.licences

audit: setup  ## Look the locked packages up in the advisories of KPI_ADVISORIES; needs no network.
	$(BIN)/python -m orchestration.dependencies.audit

audit-online: .venv-audit/installed  ## Look the locked packages up on the network, with pip-audit.
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

.venv-audit/installed: requirements-audit.lock
	$(PYTHON) -m venv .venv-audit && .venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock && touch $@

benchmark: setup  ## Seconds and memory by step at 1 and 30 times the demo's size.
	$(BIN)/python -m benchmarks

mutants: setup  ## Break the models on purpose and count what a test notices; writes docs/mutants.md.
	$(BIN)/python -m tests.mutants --write

clean:  ## Remove the demo's extracts, the warehouse, the releases and what tests have left.
	rm -rf extracts target logs published private release.duckdb*
