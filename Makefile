# Everything runs in a virtual environment of its own; nothing needs to be installed beforehand but Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
# What an installation is made from, beside the Python code, which is used where it lies.
SOURCES := pyproject.toml setup.py $(wildcard src/fovea/*/*.c)

# One process more than cores, because some tests wait; modules stay together, for the sake of their fixtures, and in the
# order of tests/conftest.py.
PARALLEL := --numprocesses $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --maxprocesses 8 --dist loadscope \
    --no-loadscope-reorder
FAST := tests/bitstream tests/datasets tests/docs tests/entropy tests/picture tests/store tests/test_atomic.py \
    tests/test_dependencies.py tests/test_layers.py tests/test_pillow.py

# Tests start many processes, which share what Python has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo check test lowest lint dist docs clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

# What is worth a look before each commit: about a minute.
check: lint
	$(BIN)/python -m pytest $(PARALLEL) $(FAST)

# All tests, and the gate for the coverage of the core.
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) --cov

# The core alone, without torch or any extra, on the lowest versions that it allows.
lowest: $(VENV)-lowest/.core
	$(VENV)-lowest/bin/python -m pytest tests/entropy tests/bitstream tests/picture tests/cli tests/test_pillow.py \
	    tests/test_golden.py tests/test_layers.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The source archive, and the wheel that is built from it; each is installed by itself and codes an image.
dist: $(VENV)/.dev
	rm -rf build dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python .ci/check_dist.py dist

# Pictures are made by the models that are released, and are no part of the repository. The variable turns off what
# mkdocs-material prints about its end of life.
docs: $(VENV)/.docs
	$(BIN)/python examples/pictures.py docs/pictures
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(VENV)-lowest build dist site demo

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The demo needs no torch: it shows what an ordinary user installs.
$(VENV)/.demo: $(VENV)/bin/python constraints.txt $(SOURCES)
	$(INSTALL) --editable '.[demo]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python constraints.txt $(SOURCES)
	$(INSTALL) torch
	$(INSTALL) --editable '.[dev]'
	touch $@

$(VENV)/.docs: $(VENV)/bin/python pyproject.toml
	$(INSTALL) --editable '.[docs]'
	touch $@

$(VENV)-lowest/.core: constraints-lowest.txt $(SOURCES)
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/pip install --quiet --disable-pip-version-check --constraint constraints-lowest.txt \
	    --editable . 'pytest>=9.0' 'hypothesis>=6.100'
	touch $@
