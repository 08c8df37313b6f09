# The newcomer's commands. Everything is built in .venv from the hashed locks.
.DEFAULT_GOAL := help
.PHONY: audit help demo test test-long messages mutate bench lint lock
PYTHON ?= python3
UV ?= uv
LOCALES = de es fr ja pt_BR
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/demo  ## Run the portal with an embedded identity provider and an embedded AWS
	@.venv/bin/python manage.py demo

test: .venv/dev  ## Run the whole test suite on SQLite and on all cores; its last line says how long it took
	.venv/bin/python $(if $(COVERAGE),-m coverage run )-m pytest --numprocesses=auto --dist=loadscope --no-loadscope-reorder $(PYTEST)

test-long: .venv/dev  ## Run the tests that try many examples with four times as many
	.venv/bin/python -m pytest --numprocesses=auto -m hypothesis --hypothesis-profile=long

mutate: .venv/dev  ## Remove each protection that docs/security.md names and see its test fail: half an hour, nightly or by hand; ROWS="words" for some
	.venv/bin/python -m tests.mutations $(ROWS)

bench: .venv/dev  ## Measure the portal beside what it has to beat: one table of ratios, in about five minutes
	.venv/bin/python -m bench

messages: .venv/dev  ## Collect what is translated into portal/locale, and compile it (needs GNU gettext)
	.venv/bin/python manage.py makemessages --settings tests.settings --no-wrap --add-location file $(LOCALES:%=--locale %) \
		--ignore .venv --ignore bench --ignore build --ignore client --ignore demo --ignore deploy --ignore tests
	.venv/bin/python manage.py compilemessages --settings tests.settings --ignore .venv

lint: .venv/dev  ## Format, lint, types, layers, templates, migrations
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint templates --check --lint --quiet
	.venv/bin/python manage.py makemigrations --check --dry-run --settings tests.settings

audit: .venv/audit/bin/pip-audit  ## Look for known vulnerabilities in the packages of the image and of the demo (asks the package index)
	$< --strict --disable-pip --require-hashes --progress-spinner off -r requirements/runtime.txt -r requirements/demo.txt

lock:  ## Resolve the dependencies of pyproject.toml into requirements/*.txt (needs uv)
	$(COMPILE) pyproject.toml --extra demo --extra dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra demo --constraint requirements/dev.txt --output-file requirements/demo.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) requirements/aws-cli.in --output-file requirements/aws-cli.txt
	$(COMPILE) requirements/audit.in --output-file requirements/audit.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Gatehouse needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Python's venv module is incomplete; on Debian: apt install python3-venv" >&2; exit 1; }

.venv/audit/bin/pip-audit: requirements/audit.txt | .venv/bin/python
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/runtime: requirements/runtime.txt | .venv/bin/python
	@echo "Installing Python packages into .venv: a minute or two, once ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/demo: requirements/demo.txt | .venv/bin/python
	@echo "Installing Python packages into .venv: a minute or two, once ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@ .venv/demo .venv/runtime
