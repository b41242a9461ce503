# Everything here works on a clean Debian 12 and on macOS. `make` alone says what there is.
#
# What a system must have beforehand is make and a Python with venv; on Debian: apt-get install make python3-venv

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Options for one run: make up ARGS='--replicas 3', make quick ARGS='-k voting', make conformance UNIT=05-manual
ARGS ?=
UNIT ?=
MODE ?=
SOURCE ?=
MINUTES ?= 10
TARGET ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --------------------------------------------------------------------------------------------------------- environment

# A marker in the environment stands for each step, so that a change of a lock file installs it and nothing else does.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { echo 'apt-get install make python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Quorate needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'apt-get install make python3-venv' >&2; exit 1; }
	@echo "== creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements.lock pyproject.toml
	@echo '== installing quorate and what it needs'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo '== installing what its development needs'
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

.PHONY: install
install: $(VENV)/.dev ## install everything into .venv

# uv resolves once for every platform and Python version; it lives apart, so that it is no dependency of anything.
COMPILE = .cache/lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
    --upgrade --custom-compile-command 'make lock' --group build

.PHONY: lock
lock: $(VENV)/.created ## bring both lock files up to date
	@$(PYTHON) -m venv .cache/lock
	@.cache/lock/bin/python -m pip --quiet --disable-pip-version-check install uv
	@$(COMPILE) --output-file requirements.lock
	@$(COMPILE) --group dev --output-file requirements-dev.lock

# ----------------------------------------------------------------------------------------------------------------- run

.PHONY: up
up: $(VENV)/.runtime ## start a cluster on this machine and watch it (ARGS=...)
	@$(BIN)/quorate up $(ARGS)

# ---------------------------------------------------------------------------------------------------------------- test

.PHONY: test
test: servers lint types floors quick commit-seed real ## everything but conformance
	@echo '== make test: all passed'

.PHONY: servers
servers:
	@.ci/packages redis-server redis-sentinel redis-tools nftables \
	    || { test -z "$$QUORATE_REQUIRE_SERVERS" && echo '== tests that need them are skipped'; }

.PHONY: lint
lint: $(VENV)/.dev ## ruff: rules and format
	@echo '== ruff check'
	@$(BIN)/ruff check --quiet
	@echo '== ruff format --check'
	@$(BIN)/ruff format --quiet --check

.PHONY: types
types: $(VENV)/.dev ## mypy, strict
	@echo '== mypy'
	@$(BIN)/mypy --no-error-summary

.PHONY: floors
floors: $(VENV)/.dev ## import-linter: who may import whom
	@echo '== lint-imports'
	@$(BIN)/lint-imports --no-logo

.PHONY: quick
quick: $(VENV)/.dev ## tests without servers (ARGS=...)
	@echo '== quick tests'
	@$(BIN)/python -m pytest -q -m 'not real' $(ARGS)

# A world that nobody chose. What it prints when something is violated says how to repeat it.
.PHONY: commit-seed
commit-seed: $(VENV)/.runtime ## one simulated world whose seed is the commit
	@seed=$$(git rev-parse HEAD 2>/dev/null || echo "$$GITHUB_SHA"); \
	if test -z "$$seed"; then \
	    echo '== neither git nor GITHUB_SHA knows a commit: no simulated world of its own for it'; \
	else \
	    echo "== quorate simulate --seed $$seed"; \
	    said=$$($(BIN)/quorate simulate --seed "$$seed") || { printf '%s\n' "$$said"; exit 1; }; \
	fi

# Real processes on a shared machine may be kept waiting for longer than any patience: what fails must fail twice, and
# what failed once is named.
.PHONY: real
real: $(VENV)/.dev ## tests with real servers (ARGS=...)
	@echo '== tests with real servers'
	@$(BIN)/python -m pytest -q -m real --durations=5 $(ARGS) \
	    || { echo '== once more, what has just failed'; \
	         $(BIN)/python -m pytest -q -m real --last-failed --last-failed-no-failures none $(ARGS); }

.PHONY: format
format: $(VENV)/.dev ## let ruff format and mend what it can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

CONFORMANCE = $(BIN)/python -m tests.conformance --source '$(SOURCE)' --mode '$(MODE)' --unit '$(UNIT)'

.PHONY: conformance
conformance: $(VENV)/.dev suites ## peers' own suites against our daemon (UNIT=, MODE=, SOURCE=DIR MODE=)
	@$(CONFORMANCE)

.PHONY: conformance-control
conformance-control: $(VENV)/.dev suites ## the same suites against their own C sentinels
	@$(CONFORMANCE) --control

# What is missing now may turn out not to be needed (a built tree, another system); who needs it says so then.
.PHONY: suites
suites:
	@.ci/packages redis-server dpkg-dev gcc libc6-dev procps tcl || true

# Atheris instruments Python and brings libFuzzer along. It is no dependency of anything else, so it lies apart; it has
# wheels for Linux and some versions of Python only.
FUZZING = .cache/fuzz/lib

.PHONY: fuzz
fuzz: $(VENV)/.dev ## every codec under coverage-guided fuzzing (MINUTES=10 each, TARGET=...)
	@test -d $(FUZZING)/atheris || $(PIP) install --only-binary :all: --target $(FUZZING) atheris \
	    || { echo '== no atheris for this system and Python: make fuzz is skipped'; rm -rf $(FUZZING); }
	@test ! -d $(FUZZING)/atheris || MINUTES='$(MINUTES)' PYTHONPATH=$(FUZZING) $(BIN)/python -m tests.fuzz $(TARGET)

# ------------------------------------------------------------------------------------------------------------- measure

.PHONY: bench-failover
bench-failover: $(VENV)/.runtime ## time from fault to promotion, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.failover $(ARGS)

.PHONY: bench-capacity
bench-capacity: $(VENV)/.runtime ## CPU and memory with 100 masters, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.capacity $(ARGS)

.PHONY: bench-mass
bench-mass: $(VENV)/.runtime ## 100 of 300 masters killed at once, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.mass $(ARGS)

.PHONY: bench-scale
bench-scale: $(VENV)/.runtime ## 5,000 masters on stand-ins, a hundred of them killed, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.scale $(ARGS)

.PHONY: bench-load
bench-load: $(VENV)/.runtime ## failovers amid 9,000 clients and 10,000 queries a second, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.load $(ARGS)

.PHONY: bench-switchover
bench-switchover: $(VENV)/.runtime ## planned moves under 5,000 writes a second, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.switchover $(ARGS)

.PHONY: bench-return
bench-return: $(VENV)/.runtime ## time until a master that returns is a replica, beside C Sentinel (ARGS=...)
	@$(BIN)/python -m benchmarks.returning $(ARGS)

.PHONY: bench-simulator
bench-simulator: $(VENV)/.runtime ## speed of simulated worlds on one core (ARGS=...)
	@$(BIN)/python benchmarks/simulator.py $(ARGS)

.PHONY: simulate
simulate: $(VENV)/.runtime ## 1,000 simulated worlds with faults and checkers (ARGS='--tally FILE')
	@$(BIN)/quorate simulate --seeds 1000 $(ARGS)

.PHONY: lead-drill
lead-drill: $(VENV)/.runtime ## mixed clusters under random kills until each member has led (ARGS=...)
	@$(BIN)/python -m benchmarks.mixed $(ARGS)

# Some 140 cases, each from a healthy cluster to a healthy one: about half an hour.
.PHONY: steps-drill
steps-drill: $(VENV)/.runtime ## everybody killed and stopped at every step of planned moves (ARGS=...)
	@$(BIN)/python -m benchmarks.steps $(ARGS)

# Twice through all faults with our sentinels, then with C Sentinel: about half an hour. As root on Linux, or it says
# which faults it leaves out.
.PHONY: drill
drill: $(VENV)/.runtime ## real faults on real processes, ours beside C Sentinel, into docs/ (ARGS=...)
	@$(BIN)/quorate drill --rounds 2 --compare c --json docs/drill.json --html docs/drill.html $(ARGS)

.PHONY: clean
clean: ## remove the environment, fetched suites and all caches
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
