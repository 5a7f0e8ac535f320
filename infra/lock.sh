#!/usr/bin/env bash
# Pin what pyproject.toml asks for: newest releases, all Pythons from 3.11, hashes, no index address.
set -eu
lock=".venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml"
$lock --group dev --output-file requirements.txt
$lock --output-file functions/requirements.txt
