# Every target with its text: `make help`. A fresh machine needs git, make and Python 3.11 or newer, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
MANAGE := $(PYTHON) manage.py
# Nothing is written outside the checkout: no package cache, whatever the home folder is.
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiling the project anew in every process takes longer than the rest of its start.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# make demo: a file of real accounts instead of the made book.
BOOK ?=
# make code: one login only.
LOGIN ?=
# make bench: how large a book.
ACCOUNTS ?= 1000000
SEED ?= 1

.PHONY: help setup test check lint types browser demo code bench migrate messages lock clean

help: ## Lists every target.
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done
	@echo '  Variables: BOOK=FILE (demo), PORT=8000 (demo), LOGIN=collector (code), ACCOUNTS=1000000 SEED=1 (bench).'

setup: $(VENV)/.stamp ## Builds the environment in .venv; does nothing where it is up to date.
	@for source in delinquency/locale/*/LC_MESSAGES/*.po; do if [ ! "$${source%.po}.mo" -nt "$$source" ]; then $(PYTHON) -m delinquency.translations; break; fi; done

# The environment is made anew when it does not run here (another machine's, or a Python that is gone).
$(VENV)/.stamp: requirements/dev.txt pyproject.toml
	@if ! $(PYTHON) -c '' 2>/dev/null; then \
		rm -rf $(VENV); \
		for python in python3.13 python3.12 python3.11 python3; do \
			if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
				echo "Making $(VENV) with $$($$python --version)"; \
				"$$python" -m venv $(VENV) || { echo 'This Python cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv.' >&2; exit 1; }; \
				break; \
			fi; \
		done; \
	fi
	@[ -x $(PYTHON) ] || { echo 'Python 3.11 or newer is needed, and none was found (python3.13, python3.12, python3.11, python3).' >&2; exit 1; }
	@$(PYTHON) -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

test: setup browser ## Sets up and passes every test, the linters and the types first; FULL=1: the large ones whole.
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m pytest -n 3 --dist worksteal

check: lint types

lint: setup ## Checks style and who imports whom.
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

types: setup ## Checks the types.
	$(VENV)/bin/mypy

browser: ## Installs Chromium and Chinese fonts for the browser tests, where it can (root, apt-get).
	@if ! command -v chromium chromium-browser google-chrome >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; \
	fi

demo: setup migrate ## Loads a book, closes the day, starts everything; BOOK=FILE takes real accounts.
	$(MANAGE) demo $(if $(BOOK),--book "$(BOOK)")

code: setup ## Prints the codes with which the demo's logins sign in now; LOGIN=collector prints one.
	@$(MANAGE) demo_code $(LOGIN)

bench: setup migrate ## Measures on a large book and writes docs/benchmarks.md.
	$(MANAGE) bench --accounts $(ACCOUNTS) --seed $(SEED)

migrate: setup ## Brings the database up to date.
	$(MANAGE) migrate --verbosity 0

messages: setup ## Collects new texts for translation and compiles what is translated.
	$(MANAGE) messages

lock: ## Locks requirements/*.in anew (needs uv).
	cd requirements && for name in base webpush dev; do \
		uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--no-annotate --output-file $$name.txt $$name.in; done

clean: ## Removes the environment and everything that running made, the embedded database included.
	@if $(PYTHON) -c '' 2>/dev/null; then $(PYTHON) -c 'from delinquency import engines; engines.destroy()'; fi
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
