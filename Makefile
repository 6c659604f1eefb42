# make run    installs what is needed and opens the window
# make test   the same, then every check and test
# make lock   writes packaging/requirements*.lock anew from pyproject.toml
# make package        builds the .deb, the .rpm and the archive into dist/
# make package-test   installs them into a clean system and uses them (root)

PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
SAMPLE := resources/samples/what_time_is_it_in_paris.wav

.PHONY: run test check lock package package-test translations clean

run: $(VENV)/.run-ready
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY),)
	@echo "No screen here: one spoken turn in the terminal."
	$(PY) main.py ask --details --wav $(SAMPLE)
else
	$(PY) main.py
endif

test: $(VENV)/.test-ready check
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest

check: $(VENV)/.test-ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

lock: $(VENV)/.test-ready
	PYTHON=$(PY) packaging/lock.sh

translations: $(VENV)/.test-ready
	$(PY) packaging/translations.py

package:
	PYTHON=$(PYTHON) packaging/system_packages.sh package
	$(PYTHON) packaging/make_packages.py linux

package-test:
	PYTHON=$(PYTHON) packaging/system_packages.sh package-test
	$(PYTHON) packaging/test_packages.py

clean:
	rm -rf $(VENV) build

$(VENV)/bin/python:
	PYTHON=$(PYTHON) packaging/system_packages.sh run
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: $(VENV)/bin/python packaging/requirements.lock
	PYTHON=$(PYTHON) packaging/system_packages.sh run
	$(PY) -m pip install --disable-pip-version-check --quiet -r packaging/requirements.lock
	$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready packaging/requirements-dev.lock
	PYTHON=$(PYTHON) packaging/system_packages.sh test
	$(PY) -m pip install --disable-pip-version-check --quiet -r packaging/requirements-dev.lock
	touch $@
