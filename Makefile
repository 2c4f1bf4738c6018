# Every target sets up what it needs; the second time it finds everything in place.
PYTHON ?= python3.11
BIN := .venv/bin
MODEL ?= bike-demand
MODEL_TESTS := $(wildcard model_code/*/tests)
MONITORING := requirements/monitoring.txt
SITE_LOCK := requirements/docs.txt
SITE ?= docs/_build
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PYTEST := $(BIN)/python -m pytest -q
# Files are shared out among as many workers as there are cores; a file is never split.
PARALLEL := -n $(JOBS)
QUICK := not full and not nightly and not extra
PURE := tests/contract tests/pipeline tests/rollout
# Each of the other rooms by its own tests alone, in percent; what runs in a process of its own is not seen.
FLOORS := aws_api:92 registry:94 release:98 checks:95 accept:84 dashboards:99 container/jobs:90 handlers:98 constructs:95 stacks:97
SWEEPS ?= part
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 1
# Our own validation plugin runs at every synthesis; CDK's bundled one costs four seconds more.
export CDK_VALIDATION := false

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-pure lint test-models test-monitoring mutants coverage coverage-floors coverage-all \
	test-all test-nightly test-extra container-tools test-container synth validate shape docs bench bootstrap-commands lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready node_modules/.ready ## Make the Python environment and install the CDK command line

.venv/.ready: requirements.txt requirements/bootstrap.txt pyproject.toml
	@echo "setup: Python environment in .venv (about a minute the first time)"
	@test -x $(BIN)/python || command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) is not installed; install Python 3.11, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install -q --require-hashes -r requirements.txt
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

node_modules/.ready: package-lock.json
	@echo "setup: the pinned CDK command line in node_modules"
	@command -v npm >/dev/null || { echo "setup: npm is not installed; install Node 20 or newer, which brings it" >&2; exit 1; }
	@npm ci --silent --no-fund --no-audit
	@touch $@

demo: synth ## Train, gate, register and release a real model on this machine, once good and once bad
	@$(BIN)/mlops rehearse pipeline $(MODEL) --approve
	@$(BIN)/mlops rehearse canary $(MODEL) --fault none
	@$(BIN)/mlops rehearse canary $(MODEL) --fault 5xx

validate: .venv/.ready ## Check config/ and every model's contract
	@$(BIN)/mlops validate

synth: setup ## Synthesize and validate every stage into cdk.out
	@echo "synth: every stage into cdk.out"
	@node_modules/.bin/cdk synth '**' --quiet --ci --no-notices --no-lookups >/dev/null $(COMMIT:%=--context commit=%)

test: lint setup coverage ## Lint, types, import rules, all tests of the platform and of the models
	@$(PYTEST) $(PARALLEL) -m "$(QUICK)" --sweeps=$(SWEEPS) $(PURE:%=--ignore=%)
	@$(MAKE) --no-print-directory test-models

test-pure: .venv/.ready ## The tests of the pure rooms alone: seconds, no node
	@$(PYTEST) $(PARALLEL) -m "$(QUICK)" $(PURE) tests/container/jobs

lint: .venv/.ready ## Ruff, mypy, the import rules and the size rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/shape.py --quiet

# What archives carry for every model is tested once, in the environment of the first. A model need
# not have tests of both kinds, and pytest exits with 5 when it ran none.
test-models: MODELS_RUN ?= not full and not nightly
test-models: .venv/.ready ## The tests of every model, each in the environment of its own lock
	@set -e; once=tests/model_environment; for tests in $(MODEL_TESTS); do \
		$(BIN)/python -m mlops.rehearsal.local_aws.environment $$(dirname $$tests)/requirements-test.lock; \
		python=$$($(BIN)/python -m mlops.rehearsal.local_aws.environment --print $$(dirname $$tests)/requirements-test.lock); \
		"$$python" -m pytest -q -p no:cacheprovider -m "$(MODELS_RUN)" $$once $$tests || test $$? -eq 5; once=; \
	done

test-monitoring: .venv/.ready ## The tests of the drift engine, with the libraries of the models' images
	@$(BIN)/python -m mlops.rehearsal.local_aws.environment $(MONITORING)
	@set -e; python=$$($(BIN)/python -m mlops.rehearsal.local_aws.environment --print $(MONITORING)); \
	"$$python" -m mypy --strict --config-file= --explicit-package-bases -p mlops.container.monitoring; \
	"$$python" -m pytest -q -p no:cacheprovider -m "not full" $(COVERED) tests/container/monitoring

mutants: SWEEPS := whole
mutants: setup ## Break the platform one line at a time, each of a list; the tests that are named there must object
	@$(PYTEST) $(PARALLEL) --sweeps=$(SWEEPS) tests/mutants

coverage: .venv/.ready ## The tests of the pure rooms and of the drift engine; each room is covered to 95 % by its own
	@$(PYTEST) $(PARALLEL) -m "$(QUICK)" --sweeps=$(SWEEPS) --cov --cov-report= $(PURE)
	@$(BIN)/python -m coverage report --include="mlops/contract/*,mlops/pipeline/*,mlops/rollout/*" --fail-under=95
	@$(MAKE) --no-print-directory test-monitoring COVERED="--cov=mlops.container.monitoring --cov-branch --cov-config=/dev/null --cov-fail-under=95"

coverage-floors: setup ## Each other room by its own tests: none falls below its floor
	@set -e; for floor in $(FLOORS); do room=$${floor%%:*}; \
		case $$room in handlers|constructs) of="constructs/mlops_$$room/*";; stacks) of="stacks/*";; *) of="mlops/$$room/*";; esac; \
		$(PYTEST) $(PARALLEL) -m "$(QUICK)" --cov --cov-report= tests/$$room; \
		printf '%s at least %s: ' $$room $${floor#*:}; \
		$(BIN)/python -m coverage report --include="$$of" --fail-under=$${floor#*:} --format=total; \
	done

coverage-all: setup ## Every test again, traced: what none of them reaches
	@$(PYTEST) $(PARALLEL) -m "$(QUICK)" --cov --cov-report=term:skip-covered

test-all: setup ## What needs environments of its own: SDK recompilation, cfn-lint, checkov, IAM analysis, deployments to emulators
	@$(PYTEST) $(PARALLEL) -m "full and not nightly" --sweeps=$(SWEEPS)
	@$(MAKE) --no-print-directory test-models MODELS_RUN="full and not nightly"

test-nightly: SWEEPS := whole
test-nightly: test ## All of it: every mutant, every fault, what takes minutes; at most 90 minutes on two cores
	@$(MAKE) --no-print-directory test-all SWEEPS=$(SWEEPS)
	@$(PYTEST) -m nightly
	@$(MAKE) --no-print-directory coverage-floors

container-tools: ## Install what test-container needs (root on Debian)
	@apt-get -qq update
	@DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
		buildah docker-registry jq mmdebstrap skopeo >/dev/null

test-container: setup ## Build every model's real image and run every synthesized entry point in it (root on Debian)
	@$(BIN)/python -m tests.external.images

test-extra: setup ## What needs Java or a browser; skips with a printed reason
	@$(PYTEST) -m extra -rs || test $$? -eq 5

shape: .venv/.ready ## Print the size of modules, functions and constructors; fail where a limit is exceeded
	@$(BIN)/python tools/shape.py

docs: .venv/.ready ## Build docs/ as a site with search, in docs/_build/html
	@$(BIN)/python -m mlops.rehearsal.local_aws.environment $(SITE_LOCK)
	@set -e; python=$$($(BIN)/python -m mlops.rehearsal.local_aws.environment --print $(SITE_LOCK)); \
	"$$python" -m sphinx -q -W -b html -d $(SITE)/.doctrees docs $(SITE)/html
	@echo "docs: $(SITE)/html/index.html"

bench: setup ## Run every benchmark; each prints ratios against a baseline of the same run
	@set -e; for file in benchmarks/[!s]*.py benchmarks/synth.py benchmarks/serving.py; do echo "== $$file"; $(BIN)/python $$file; done

bootstrap-commands: .venv/.ready ## Print the commands that prepare every account, policies included
	@$(BIN)/mlops bootstrap-commands

lock: .venv/.ready ## Recompute the hashed locks from requirements/*.in
	@$(BIN)/uv pip compile -q requirements/platform.in -o requirements.txt $(LOCK_FLAGS)
	@for file in requirements/[!p]*.in; do $(BIN)/uv pip compile -q $$file -o $${file%.in}.txt $(LOCK_FLAGS); done
	@cd tests/iam/node && npm install --silent --package-lock-only

LOCK_FLAGS := --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header

clean: ## Remove what was built; environments stay
	@rm -rf cdk.out docs/_build docs/reference/constructs .mlops .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
