# offhook. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test check fix fuzz bench quality docs lock native clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE_SOURCES := $(shell find native -name '*.rs' -not -path '*/target/*') $(shell find native -name 'Cargo.*' -not -path '*/target/*')
CARGO := PATH="$(CURDIR)/$(BIN):$$PATH" cargo
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(VENV)/.native ## install everything and build the media engine

$(VENV)/.python: requirements.lock tools/bootstrap.lock
	@echo "Installing Python packages into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || tools/python_venv.sh $(PYTHON) $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r tools/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.lock tools/bootstrap.lock
	@touch $@

$(VENV)/.native: $(VENV)/.python pyproject.toml $(NATIVE_SOURCES)
	@command -v cargo >/dev/null || { echo "Rust is missing: install rustc and cargo 1.89 or newer, then run make again." >&2; exit 1; }
	@echo "Building the media engine (about a minute the first time)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

native: $(VENV)/.native

run: setup ## start the server with demo numbers and say what to do next
	@$(BIN)/python -m examples.run

demo: setup ## one whole round on free ports: server, application, call, record; then exit
	@$(BIN)/python -m examples.demo

test: setup ## lints and all tests, with real peers (SIPp, baresip, PostgreSQL)
	@tools/system_packages.sh
	@$(MAKE) --no-print-directory check
	@cd native && $(CARGO) test --quiet --locked --workspace --exclude offhook-media-py
	@$(BIN)/python -m pytest -q
	@$(MAKE) --no-print-directory fuzz SECONDS=20

check: setup ## lints, types, import law, clippy: about a minute
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/python tools/lint_sizes.py
	@$(BIN)/python tools/lint_mirror.py
	@$(BIN)/lint-imports --no-cache > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/mypy
	@cd native && $(CARGO) fmt --all --check && $(CARGO) clippy --quiet --locked --workspace --all-targets -- -D warnings

fix: setup ## format and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@cd native && $(CARGO) fmt --all

fuzz: setup $(VENV)/.fuzz ## fuzz every reader of bytes and the SIP endpoint, for SECONDS (60)
	@PYTHONPATH=$(VENV)/fuzz:src:. $(BIN)/python -m tests.fuzz.run $(or $(SECONDS),60) $(TARGETS)
	@cd native && $(CARGO) run --quiet --release --locked -p offhook-fuzz -- $(or $(SECONDS),60)
	@cd native && OFFHOOK_FUZZ_SECONDS=$(or $(SECONDS),60) $(CARGO) test --quiet --locked -p offhook-media-core --test mutations

$(VENV)/.fuzz: tests/fuzz/requirements.lock | $(VENV)/.python
	@$(BIN)/uv pip install --quiet --require-hashes --target $(VENV)/fuzz -r tests/fuzz/requirements.lock
	@touch $@

bench: setup ## measure: call rate, signalling, media CPU beside the plain baseline, tick, memory, start-up
	@cd native && $(CARGO) build --quiet --release --locked -p offhook-rtp-load
	@tools/system_packages.sh
	@$(BIN)/python -m bench

quality: setup ## measure how speech and tones sound after the engine, and write the tables of the documentation
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench.quality

docs: setup ## make the generated reference anew
	@$(BIN)/python tools/gen_reference.py
	@$(BIN)/python tools/gen_rcml.py
	@$(BIN)/python tools/gen_openapi.py
	@$(BIN)/python tools/gen_settings.py
	@$(BIN)/python tools/gen_sip_diagrams.py
	@$(BIN)/python tools/gen_causes.py

lock: ## pin the newest allowed versions anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra speech --group dev --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@echo "atheris~=3.0.0; platform_machine == 'x86_64' and sys_platform == 'linux'" | $(BIN)/uv pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" - -o tests/fuzz/requirements.lock
	@echo uv | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make lock" - -o tools/bootstrap.lock

clean: ## remove everything that was built
	@rm -rf $(VENV) native/target build dist
