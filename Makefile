# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check benchmark clean

run: .venv/runtime  ## see it work: no camera, no GPU
	$(BIN)/vcam-emoji demo --out demo-out

test: .venv/development  ## pass the tests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: .venv/development  ## style, types on three systems, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/mypy --platform darwin
	$(BIN)/lint-imports

benchmark: .venv/runtime
	$(BIN)/vcam-emoji benchmark

clean:
	rm -rf .venv demo-out dist

.venv/pip:
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'Python 3.11 or newer is needed: make PYTHON=python3.12'"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

.venv/runtime: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/development: .venv/runtime
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
