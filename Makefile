PYTHON := .venv/bin/python
export NO_MKDOCS_2_WARNING = 1
COMMON := functions/chalicelib/accounts/data/common_passwords.txt.gz
PAGES := $(shell find docs functions infra/openapi.py mkdocs.yml -type f -not -name '*.pyc' 2>/dev/null)

MINISTACK := .venv/tools/ministack/ministack.installed
TOOLS := proof checkov ministack node

.PHONY: run test proof docs package deploy lock audit
.DEFAULT_GOAL := test

run: .venv/ready $(COMMON) build/site/index.html $(if $(filter ministack,$(ENGINE)),$(MINISTACK))  ## the cabinet on this machine: http://localhost:8080
	@exec $(PYTHON) -m infra.local.cabinet

test: .venv/ready $(COMMON)  ## the one gate: lint, types, tests with a strict build of the help centre
	$(PYTHON) -m ruff format --check . && $(PYTHON) -m ruff check . && $(PYTHON) -m mypy && $(PYTHON) -m pytest --numprocesses auto

proof: .venv/ready $(COMMON) build/site/index.html  ## what is slow or measured, TESTS=… only some of it; ENGINE=ministack: the tests of operations on the second engine
	@bash infra/proof.sh && bash infra/tools/install.sh $(TOOLS)
	$(PYTHON) -m pytest $(if $(filter ministack,$(ENGINE)),,-m proof -s) $(TESTS)

docs: .venv/ready build/site/index.html  ## the help centre in build/site

package: .venv/ready  ## the Lambda bundle, its layers and the CloudFormation templates in build/package
	$(PYTHON) -m infra.package --stage $(or $(STAGE),dev) --out build/package

deploy: STAGE := $(or $(STAGE),dev)
deploy: package  ## the stage STAGE in the cloud: change sets to confirm, then the site (YES=1 asks nothing)
	CABINET_PUBLIC_URL=$$($(PYTHON) -m infra.deployment $(STAGE))/ $(PYTHON) -m mkdocs build --strict --quiet --site-dir build/site-$(STAGE)
	$(PYTHON) -m infra.deploy --stage $(STAGE) --site build/site-$(STAGE)

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
