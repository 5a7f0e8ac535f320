#!/usr/bin/env bash
# Make .venv with everything that requirements.txt pins. Asks for nothing but Python 3.11 to 3.13.
set -u
fail() { printf '%s\n' "$1" >&2; exit 1; }

for name in python3.11 python3.12 python3.13 python3; do
  if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    python=$name
    break
  fi
done
[ -n "${python:-}" ] || fail "Python 3.11, 3.12 or 3.13 is needed and none was found: install one (on Debian: apt-get install python3 python3-venv) and try again."

.venv/bin/python -c '' 2>/dev/null || rm -rf .venv
"$python" -m venv .venv || fail "The virtual environment could not be made: install the venv module (on Debian: apt-get install python3-venv) and try again."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt \
  || fail "The packages of requirements.txt could not be installed: see the message above, check the connection to your package index and try again."

# Only tests use these programs, and say so themselves where one is missing: the cabinet runs without them.
command -v apt-get >/dev/null && bash infra/debian.sh openssl libengine-gost-openssl oathtool
touch .venv/ready
