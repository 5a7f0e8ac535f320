PYTHON := .venv/bin/python
export NO_MKDOCS_2_WARNING = 1
COMMON := functions/chalicelib/accounts/data/common_passwords.txt.gz
PAGES := $(shell find docs functions infra/openapi.py mkdocs.yml -type f -not -name '*.pyc' 2>/dev/null)

.PHONY: run test proof docs package lock audit costs
.DEFAULT_GOAL := test

run: .venv/ready $(COMMON) build/site/index.html  ## the cabinet on this machine: http://localhost:8080
	@exec $(PYTHON) -m infra.local.cabinet

test: .venv/ready $(COMMON)  ## the one gate: lint, types, tests with a strict build of the help centre
	$(PYTHON) -m ruff format --check . && $(PYTHON) -m ruff check . && $(PYTHON) -m mypy && $(PYTHON) -m pytest

proof: .venv/ready $(COMMON) build/site/index.html  ## what is slow or measured: benchmarks, the browser, the README's own lines against a running cabinet
	@bash infra/proof.sh
	$(PYTHON) -m pytest -m proof -s

docs: .venv/ready build/site/index.html  ## the help centre in build/site

package: .venv/ready  ## the Lambda bundle, its layers and the CloudFormation templates in build/package
	$(PYTHON) -m infra.package --stage $(or $(STAGE),dev) --out build/package

lock: .venv/ready  ## pin the newest releases, with hashes
	bash infra/lock.sh

audit: .venv/ready  ## known weaknesses of the pinned packages, asked of the public data base: needs a network
	$(PYTHON) -m uv tool run pip-audit --require-hashes --disable-pip --requirement functions/requirements.txt
	$(PYTHON) -m uv tool run pip-audit --require-hashes --disable-pip --requirement requirements.txt

.venv/ready: requirements.txt infra/setup.sh
	@bash infra/setup.sh

$(COMMON): .venv/ready infra/common_passwords.py
	@$(PYTHON) -m infra.common_passwords

build/site/index.html: .venv/ready $(PAGES)
	@$(PYTHON) -m mkdocs build --strict --quiet
