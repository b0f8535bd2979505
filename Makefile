# Two commands do all the set-up: `make demo` shows the program at work, `make test` runs the tests.
# Both need Python 3.11 or later and pip, and install into .venv; `make PYTHON=python3.12 demo` chooses another Python.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help venv demo test check acceptance wheel wheel-check deb deploy-check clean

help:
	@echo "make venv         the program with its demonstration, into $(VENV)"
	@echo "make demo         a simulated ISP on this machine, and a verdict on every site there"
	@echo "make test         every test that can run here; says which are skipped, and why"
	@echo "make check        ruff, mypy and the import rules"
	@echo "make acceptance   the benchmarks with their full counts, into bench/results/ (hours)"
	@echo "make wheel        dist/blockprobe-*.whl; make wheel-check tries it in an empty directory"
	@echo "make deb          dist/blockprobe_*.deb for this release of Debian; make deploy-check tries all of deploy/"
	@echo "make clean        remove what these commands made"

venv: $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/blockprobe demo

# In several processes, because tests of networks mostly wait; each cuts itself off from the network first.
# `make test ARGS='-k sni'` runs some of them; .venv/bin/python -m pytest is there as well.
test: $(VENV)/.dev
	$(BIN)/python tests/together.py $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

acceptance: $(VENV)/.dev
	sh .ci/venv $(PYTHON) $(VENV) install --quiet --requirement tests/lab/ech_tools.txt
	BLOCKPROBE_ACCEPTANCE=1 $(BIN)/python tests/together.py tests/lab
	$(BIN)/python bench/help_speed.py
	$(BIN)/python bench/check_speed.py
	$(BIN)/python bench/metrics_speed.py --save
	$(BIN)/python bench/mirrors_recall.py --save
	$(BIN)/python bench/mirrors_speed.py --save
	$(BIN)/python bench/store_bytes.py
	$(BIN)/python bench/crash.py
	$(BIN)/python bench/footprint.py
	$(BIN)/python bench/odd_servers.py
	$(BIN)/python bench/odd_neighbours.py
	$(BIN)/python bench/silent_list.py
	$(BIN)/python bench/bypass_cost.py
	$(BIN)/python bench/bypass_cost.py --loss 0.05
	$(BIN)/python bench/throttling.py
	$(BIN)/python bench/false_blocks.py --full
	$(BIN)/python bench/false_blocks.py --loss 0.02
	for variant in burst outage rtt cpu; do $(BIN)/python bench/false_blocks.py --variant $$variant || exit; done

wheel: $(VENV)/.dev
	rm -f dist/*.whl
	sh .ci/venv $(PYTHON) $(VENV) wheel --quiet --no-deps --wheel-dir dist .

# An editable install finds by chance what a wheel may lack, so the wheel is tried alone.
wheel-check: wheel
	sh .ci/wheel-check $(PYTHON) $(abspath dist)/blockprobe-*.whl $(abspath tests/export/example_record.json)

# Debian's own Python, because that is what the package depends on: make DEB_PYTHON=/usr/bin/python3.13 deb
deb:
	rm -f dist/*.deb
	sh deploy/deb/build dist

# Builds and installs with the registry at hand, then tests without it: a test session cuts itself off from the network.
deploy-check: $(VENV)/.dev deb
	sh .ci/venv $(PYTHON) $(VENV)-deploy install --quiet --requirement deploy/tools.txt
	BLOCKPROBE_DEPLOY=1 BLOCKPROBE_DEPLOY_TOOLS=$(abspath $(VENV)-deploy/bin) $(BIN)/python -m pytest -m deploy tests/deploy

clean:
	rm -rf $(VENV) $(VENV)-deploy dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find blockprobe tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: pyproject.toml .ci/venv
	sh .ci/venv $(PYTHON) $(VENV) install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml .ci/venv
	sh .ci/venv $(PYTHON) $(VENV) install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.demo
