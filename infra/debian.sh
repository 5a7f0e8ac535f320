#!/usr/bin/env bash
# Install those of the named Debian packages that are missing: bash infra/debian.sh openssl oathtool
set -u
missing=()
for name in "$@"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  printf '%s\n' "Programs, libraries or fonts of the system are missing. As root, run: apt-get install ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; }; then
  printf '%s\n' "These packages could not be installed: ${missing[*]}. See the message above; what needs them will fail." >&2
  exit 1
fi
