#!/usr/bin/env bash
# Pin what pyproject.toml and infra/tools/node/package.json ask for: newest releases, hashes, no index address.
set -eu
lock=".venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url"
$lock pyproject.toml --group dev --output-file requirements.txt
$lock pyproject.toml --output-file functions/requirements.txt
$lock pyproject.toml --group dev --group proof --constraint requirements.txt --output-file infra/tools/proof.txt
for tool in ministack checkov; do
  $lock --group "$tool" --output-file "infra/tools/$tool.txt"
done
npm update --prefix infra/tools/node --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error
