# What the project knows to do; `make help` lists it. Everything else is in config/launcher.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: up test check prove bench help lock messages doctor setup programs

up: setup ## start everything; PORT=8000 chooses the web port, Ctrl-C ends it
	@exec $(BIN)/python -m config.launcher

test: setup programs ## run the tests; ARGS='tests/scoring -k sweep' chooses
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),--numprocesses=auto --dist=loadfile)

check: setup ## form, templates, types, the rooms' order, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint templates --lint --check --quiet
	$(BIN)/mypy .
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=config.settings_test DJANGO_TEST_SERVER=1 $(BIN)/python manage.py makemigrations --check --dry-run

prove: setup programs ## the long proofs with the large counts; figures go to docs/proof.md
	$(BIN)/python -m pytest tests/prove -s $(ARGS)

bench: setup programs ## the ratios of docs/proof.md's budgets
	$(BIN)/python -m pytest tests/bench -s $(ARGS)

messages: setup ## find new texts and bring the translations' catalogs up to date
	$(BIN)/python -m config.messages

doctor: setup ## look at what `make up` runs here, and say what to do about what is wrong
	@$(BIN)/python -m config.launcher.doctor $(ARGS)

lock: ## write requirements.lock anew from requirements*.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --output-file requirements.lock requirements-dev.in

setup:
	@$(PYTHON) config/launcher/bootstrap.py

programs:
	@$(PYTHON) config/launcher/test_programs.py

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
