# Every need has one command here; pre-commit and CI only call make.
# `make` alone lists them.

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
endif
BIN := .venv/bin
PORT ?= 8000
SLIPWAY_HOME ?= .slipway
JOBS ?= 2
T ?=
export PORT SLIPWAY_HOME
# Only a KUBECONFIG said to make is meant for Slipway; the one in the shell is for kubectl.
ifeq ($(origin KUBECONFIG), command line)
export SLIPWAY_KUBECONFIG := $(KUBECONFIG)
endif
export UV_PYTHON_DOWNLOADS := never

CODE := $(wildcard web durable audit accounts notifications sinks clusters services deployments charts installs metrics webhooks portal sandbox benchmarks cli/slipway_cli)

.DEFAULT_GOAL := help
.PHONY: help run stop status test test-again soak check bench bench-quick bench-canaries lane contract istio demo lint types arrows templates fmt lock screenshots permissions openapi openapi-current cli \
  helm machines sandbox-build sandbox-up sandbox-down sandbox-status

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- the environment: one folder, locked by hash, made once per lock ----

.venv/.runtime: requirements/runtime.txt
	@test -n "$(PYTHON)" || { echo "Slipway needs Python 3.11 or newer on PATH, or: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) portal/run/environment.py requirements/runtime.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@$(PYTHON) portal/run/environment.py requirements/dev.txt
	@touch $@

# ---- use ----

run: .venv/.runtime ## start everything and print the URL (PORT=8000 SLIPWAY_HOME=.slipway KUBECONFIG=...)
	@exec $(BIN)/python -m portal.supervisor run

demo: .venv/.runtime ## play a good and two bad versions of the shop on the sandbox, and leave the page open
	@exec $(BIN)/python -m portal.run.demo

stop: ## end what `make run` of this SLIPWAY_HOME started
	@exec $(BIN)/python -m portal.supervisor stop

status: ## show the processes of this SLIPWAY_HOME and the sandbox
	@exec $(BIN)/python -m portal.supervisor status

# ---- judge ----

# Each database keeps its own list of what failed.
ON_POSTGRES := -o cache_dir=.cache/pytest-postgres

test: .venv/.dev ## run all tests; T=abort runs every test file with that verb in its name
	@# What has to hold on both databases runs on PostgreSQL first: the closing line is then that of all tests.
	@files="$(if $(T),$(shell find tests -name 'test_*$(T)*.py'))"; failed=0; \
	  test -z "$(T)" || test -n "$$files" || { echo "no test file has $(T) in its name"; exit 1; }; \
	  SLIPWAY_TEST_DATABASE=postgres $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile -m both_databases $(ON_POSTGRES) $$files || \
	  test $$? -eq 5 || failed=1; \
	  $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $$files || failed=1; exit $$failed

soak: .venv/.dev ## 200 random kills in the middle of releases with a report, and random orders (SLIPWAY_KILLS=200 SLIPWAY_EXAMPLES=1000 SLIPWAY_SEED=...)
	@SLIPWAY_EXAMPLES=$${SLIPWAY_EXAMPLES:-1000} $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(wildcard tests/engine/test_properties*.py)
	@SLIPWAY_KILLS=$${SLIPWAY_KILLS:-200} exec $(BIN)/python -m pytest -q -n 0 tests/faults/test_random_kills.py tests/faults/test_random_kills_in_place.py

test-again: .venv/.dev ## run what failed in the last `make test` once more, one at a time
	@failed=0; again="--last-failed --last-failed-no-failures none -n 0"; \
	  if [ -s .cache/pytest-postgres/v/cache/lastfailed ]; then \
	    SLIPWAY_TEST_DATABASE=postgres $(BIN)/python -m pytest -q -m both_databases $(ON_POSTGRES) $$again || test $$? -eq 5 || failed=1; fi; \
	  if [ -s .pytest_cache/v/cache/lastfailed ]; then $(BIN)/python -m pytest $$again || test $$? -eq 5 || failed=1; fi; exit $$failed

check: lint types arrows templates ## what must pass before a commit, in about a minute once .venv is made
	@$(BIN)/python -m pytest -q -n 0 $(wildcard tests/house tests/engine)

lint: .venv/.dev ## ruff: formatting and rules
	@$(BIN)/ruff format --check --quiet . || { echo "run: make fmt"; exit 1; }
	@$(BIN)/ruff check --quiet .

# Settings refuse to load without keys, and judging code must not make any in your SLIPWAY_HOME.
types openapi openapi-current: export SLIPWAY_LOCAL := 1
types openapi openapi-current: export SLIPWAY_HOME := .cache/home
types: .venv/.dev ## mypy, strict
	@$(BIN)/mypy --no-error-summary $(CODE)

arrows: .venv/.dev ## which room may import which
	@mkdir -p .cache
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/arrows > .cache/arrows.txt || { cat .cache/arrows.txt; exit 1; }

templates: .venv/.dev ## djlint
	@$(BIN)/djlint --quiet --lint templates

fmt: .venv/.dev ## format the code
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix-only .

bench: .venv/.dev ## measure every budget and print one table (about half an hour)
	@exec $(BIN)/python -m benchmarks

bench-canaries: .venv/.dev ## canaries beside Argo Rollouts on the same control plane (builds it once, about ten minutes)
	@exec $(BIN)/python -m benchmarks.canaries --peer

bench-quick: .venv/.dev ## a small subset of it, in under two minutes
	@exec $(BIN)/python -m benchmarks --quick

lane: .venv/.dev ## build the router of the traffic lane once, and count requests while releases go on
	@$(BIN)/python -m sandbox build --lane >/dev/null
	@SLIPWAY_LANE=1 exec $(BIN)/python -m pytest -q -n 0 tests/lane

contract: .venv/.dev ## call all of a running portal's API along its schema from outside (Schemathesis, about eight minutes)
	@exec $(BIN)/python -m tests.contract.outside

istio: .venv/.dev ## build Istio's own validation once, and hold to it what canaries write to Istio's objects
	@$(BIN)/python -m sandbox build --lane >/dev/null
	@SLIPWAY_ISTIO=1 exec $(BIN)/python -m pytest -q -n 0 tests/sandbox/test_istio_validation.py tests/scenarios/test_canary_routed.py -k istio

# ---- make what is generated ----

lock: .venv/.dev ## solve requirements/*.in into hash-pinned locks for Python 3.11 to 3.14
	@cd requirements && for lock in runtime dev; do ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-annotate $$lock.in -o $$lock.txt || exit 1; done

screenshots: .venv/.dev ## keep a picture of every page in both themes in artifacts/screenshots
	@SLIPWAY_SCREENSHOTS=artifacts/screenshots $(BIN)/python -m pytest -q -n 0 tests/pages

permissions: .venv/.dev ## write tests/abuse/permission_matrix.tsv: who is answered how at which address
	@SLIPWAY_WRITE_MATRIX=1 $(BIN)/python -m pytest -q -n 0 tests/abuse/test_permission_matrix.py

openapi: .venv/.dev ## write docs/openapi.yaml from the code
	@$(BIN)/python manage.py openapi

openapi-current: .venv/.dev ## fail when docs/openapi.yaml is not what the code says
	@$(BIN)/python manage.py openapi --check

cli: .venv/.dev ## build the wheel of the command `slipway` into dist/
	@$(BIN)/uv build --quiet --offline --wheel --out-dir dist cli

# ---- the sandbox by itself ----

sandbox-build: .venv/.runtime ## build the sandbox's programs into your cache folder
	@exec $(BIN)/python -m sandbox build

machines: .venv/.runtime ## build what clusters are installed on and from: machines' Debian and the offline bundle (Linux, root)
	@exec $(BIN)/python -m sandbox hosts bundle

helm: .venv/.runtime ## build Helm into your cache folder, where Slipway finds it
	@exec $(BIN)/python -m sandbox build --helm

sandbox-up: .venv/.runtime ## start a sandbox alone, without the portal
	@exec $(BIN)/python -m sandbox up

sandbox-down: .venv/.runtime ## end it
	@exec $(BIN)/python -m sandbox down

sandbox-status: .venv/.runtime ## say what runs of it
	@exec $(BIN)/python -m sandbox status
