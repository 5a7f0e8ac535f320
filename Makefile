PYTHON := .venv/bin/python
export NO_MKDOCS_2_WARNING = 1
COMMON := functions/chalicelib/accounts/data/common_passwords.txt.gz
PAGES := $(shell find docs functions infra/openapi.py mkdocs.yml -type f -not -name '*.pyc' 2>/dev/null)

MINISTACK := .venv/tools/ministack/ministack.installed
TOOLS := proof checkov ministack node

.PHONY: run test proof docs preview publish package deploy lock audit
.DEFAULT_GOAL := test

run: .venv/ready $(COMMON) build/site/index.html $(if $(filter ministack,$(ENGINE)),$(MINISTACK))  ## the cabinet on this machine: http://localhost:8080
	@exec $(PYTHON) -m infra.local.cabinet

test: .venv/ready $(COMMON)  ## the one gate: lint, types, tests with a strict build of the help centre
	$(PYTHON) -m ruff format --check . && $(PYTHON) -m ruff check . && $(PYTHON) -m mypy && $(PYTHON) -m pytest --numprocesses auto

proof: .venv/ready $(COMMON) build/site/index.html  ## what is slow or measured, TESTS=… only some of it; ENGINE=ministack: the tests of operations on the second engine
	@bash infra/proof.sh && bash infra/tools/install.sh $(TOOLS)
	$(PYTHON) -m pytest $(if $(filter ministack,$(ENGINE)),,-m proof -s) $(TESTS)

docs: .venv/ready build/site/index.html  ## the help centre in build/site

preview: .venv/ready  ## the help centre as it is being written, on http://127.0.0.1:8000 (PORT=…): pages follow each change
	$(PYTHON) -m mkdocs serve --no-strict --livereload --dev-addr 127.0.0.1:$(or $(PORT),8000)

publish: .venv/ready  ## VERSION=1.0 of the help centre with PDF into the branch `site` and build/published (STAGE=…, REMOTE=… to push)
	@$(PYTHON) -m infra.publish "$(VERSION)" $(if $(STAGE),--stage $(STAGE)) $(if $(REMOTE),--remote $(REMOTE))

package: .venv/ready  ## the Lambda bundle, its layers and the CloudFormation templates in build/package
	$(PYTHON) -m infra.package --stage $(or $(STAGE),dev) --out build/package

deploy: STAGE := $(or $(STAGE),dev)
deploy: package  ## the stage STAGE in the cloud: change sets to confirm, then the site (YES=1 asks nothing)
	site=$$($(PYTHON) -m infra.publish --stage $(STAGE)) && $(PYTHON) -m infra.deploy --stage $(STAGE) --site "$$site"

lock: .venv/ready  ## pin the newest releases, with hashes
	bash infra/lock.sh

audit: .venv/ready  ## known weaknesses of the pinned packages, asked of the public data base: needs a network
	$(PYTHON) -m uv tool run pip-audit --require-hashes --disable-pip --requirement functions/requirements.txt
	$(PYTHON) -m uv tool run pip-audit --require-hashes --disable-pip --requirement requirements.txt

.venv/ready: requirements.txt infra/setup.sh
	@bash infra/setup.sh

$(MINISTACK): .venv/ready infra/tools/ministack.txt
	@bash infra/tools/install.sh ministack

$(COMMON): .venv/ready infra/common_passwords.py
	@$(PYTHON) -m infra.common_passwords

build/site/index.html: .venv/ready $(PAGES)
	@$(PYTHON) -m mkdocs build --strict --quiet
