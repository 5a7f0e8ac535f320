#!/usr/bin/env bash
# Install what `make proof` needs beside Python: a browser with its driver, an independent maker of one-time codes, node with
# npm for the CDN's function and the checkers of pages, Java for the HTML checker, Russian spelling, what PDF files are made with.
set -u
fail() { printf '%s\n' "$1" >&2; exit 1; }

if command -v apt-get >/dev/null; then  # the PDF files' libraries and fonts
  bash infra/debian.sh $(.venv/bin/python -c 'from docs.hooks.pdf import PACKAGES; print(*PACKAGES)') || exit 1
fi

missing=()
for pair in chromium:chromium chromedriver:chromium-driver oathtool:oathtool node:nodejs npm:npm java:default-jre-headless \
  hunspell:hunspell; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
[ -f /usr/share/hunspell/ru_RU.dic ] || missing+=(hunspell-ru)
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || fail "These programs are missing and there is no apt-get to install them: ${missing[*]}. Install them with your system's own tool and try again."
[ "$(id -u)" -eq 0 ] || fail "These packages are missing: ${missing[*]}. Install them as root (apt-get install ${missing[*]}) and try again."
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" \
  || fail "The packages ${missing[*]} could not be installed: see the message above and try again."
