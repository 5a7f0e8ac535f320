#!/usr/bin/env bash
# Make what the slow proofs need, once: `proof` adds packages to .venv, any other name makes .venv/tools/NAME; `node` is npm's.
set -u
fail() { printf '%s\n' "$1" >&2; exit 1; }

for name in "$@"; do
  list=infra/tools/$name.txt
  [ "$name" = node ] && list=infra/tools/node/package-lock.json
  [ -f "$list" ] || fail "There is no $list: the name of a tool is the name of its list in infra/tools."
  place=.venv
  [ "$name" = proof ] || place=.venv/tools/$name
  cmp -s "$list" "$place/$name.installed" && continue
  if [ "$name" = node ]; then
    mkdir -p "$place" && cp infra/tools/node/package.json "$list" "$place" || fail "The folder $place could not be made."
    # no package runs a script of its own while it is installed: none needs to, and none may fetch a browser
    npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel=error \
      || fail "The packages of $list could not be installed: see the message above, check the connection to your package index and try again."
  else
    [ -x "$place/bin/python" ] || .venv/bin/python -m venv "$place" || fail "The environment $place could not be made."
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$list" \
      || fail "The packages of $list could not be installed: see the message above, check the connection to your package index and try again."
  fi
  cp "$list" "$place/$name.installed"
done
