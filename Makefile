# Two commands do everything on a machine that has Python, make and a package index:
#   make demo    convert an issue and push it into the local WeChat
#   make test    install what the tests need, and run them
PYTHON ?= python3
VENV := .venv
ISSUE ?= examples/issues/2026-11-15.md
BIN := $(VENV)/bin
BASE ?= a27c6ef
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

.DEFAULT_GOAL := help
.PHONY: help demo test test-all packages check types bench bench-size bench-house bench-sandbox screenshots extension format release clean

help:
	@sed -n 's/^#   //p' Makefile

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	@echo "== convert: 从 Markdown 到网页 from Markdown to a page"
	@$(BIN)/wxpub convert $(ISSUE) -o demo/$(notdir $(ISSUE:.md=.html))
	@echo "== push: 放进本地微信的草稿箱 into the draft box of the local WeChat"
	@WXPUB_SANDBOX_DB=demo/wechat.sqlite3 $(BIN)/wxpub push $(ISSUE) --sandbox
	@echo
	@echo "看网页 Look at the page:   open demo/$(notdir $(ISSUE:.md=.html)) in a browser"
	@echo "看草稿 Look at the draft:  $(BIN)/wxpub sandbox --db demo/wechat.sqlite3, then open http://127.0.0.1:8888"

# What others wrote comes from npm, at the versions of the lock files; without npm the tests that need it are skipped.
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
PACKAGES := tests/js/node_modules/.installed examples/clients/node_modules/.installed
PEER := bench/node_modules/.installed

packages: $(PACKAGES)

tests/js/node_modules/.installed: tests/js/package.json tests/js/package-lock.json tests/js/editor.js
	@if (cd tests/js && $(NPM_CI) && npm run --silent build); then touch $@; \
	else echo "npm did not install tests/js/package.json: tests that need its packages are skipped"; fi

examples/clients/node_modules/.installed: examples/clients/package.json examples/clients/package-lock.json
	@if (cd examples/clients && $(NPM_CI)); then touch $@; \
	else echo "npm did not install examples/clients/package.json: those clients are not tried"; fi

$(PEER): bench/package.json bench/package-lock.json
	@if (cd bench && $(NPM_CI)); then touch $@; \
	else echo "npm did not install bench/package.json: there is nothing to compare with"; fi

test: $(VENV)/.installed-dev $(PACKAGES)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-all: $(VENV)/.installed-dev $(PACKAGES)
	.ci/versions

check: types
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-dev
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.installed-dev $(PEER)
	$(BIN)/python bench/costs.py --base $(BASE)
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/archive.py
	$(BIN)/python bench/dialect.py --quick

bench-size: $(VENV)/.installed-dev $(PEER)
	$(BIN)/python bench/size.py

bench-house: $(VENV)/.installed-dev
	$(BIN)/python bench/house.py --base a27c6ef

bench-sandbox: $(VENV)/.installed-dev
	$(BIN)/python bench/sandbox.py

extension: $(VENV)/.installed
	$(BIN)/python extension/pack.py dist

screenshots: $(VENV)/.installed-dev
	$(BIN)/python bench/screenshots.py
	$(BIN)/python docs/screenshots/make.py

release: $(VENV)/.installed-dev
	$(BIN)/python .ci/release.py $(VERSION)

clean:
	rm -rf $(VENV) demo dist tests/js/build tests/js/node_modules examples/clients/node_modules bench/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
