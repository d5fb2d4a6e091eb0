#!/usr/bin/env bash
# Makes sure that the tests of the pages find a browser, and fetches the
# accessibility checker that they run in it. On Debian the browser is installed
# by apt when the user may, and so is the tool that reads prints back; elsewhere
# one line says what is missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lock=$root/api/web/webtest/axe
version=$(sed -n 's|.*"axe-core": "\(.*\)".*|\1|p' "$lock/package.json")
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}
target=$cache/axe/$version
file=node_modules/axe-core/axe.min.js

fail() {
  echo "fetch-chromium: $*" >&2
  exit 1
}

# Elsewhere the tests of the pages skip with a loud line; under CI nothing may
# be missing.
missing() {
  echo "fetch-chromium: $*; without it the tests of the pages are skipped" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
}

# browser prints the first browser that is there.
browser() {
  if [ -n "${FAULTLINE_CHROMIUM:-}" ]; then
    command -v "$FAULTLINE_CHROMIUM" || fail "FAULTLINE_CHROMIUM names $FAULTLINE_CHROMIUM, which cannot be run; correct or unset it"
    return
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" && return
  done
  return 1
}

if ! found=$(browser); then
  command -v apt-get >/dev/null || missing "no Chromium or Chrome is installed; install one, or name it in FAULTLINE_CHROMIUM"
  [ "$(id -u)" = 0 ] || missing "no Chromium or Chrome is installed; run: sudo apt-get install chromium fonts-dejavu-core"
  echo "Installing Debian's Chromium (about 80 MB)"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    missing "apt-get could not install chromium; the lines above say why"
  fi
  found=$(browser) || missing "apt-get ended well but there is no chromium"
fi
echo "Browser for tests: $found"
# Prints are read back with poppler's pdftotext.
if ! command -v pdftotext >/dev/null; then
  { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; } || missing "pdftotext is not installed; install poppler-utils"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends poppler-utils; } >/dev/null 2>&1 ||
    missing "apt-get could not install poppler-utils"
fi

if [ -f "$target/$file" ]; then
  echo "axe-core $version is present in $target"
  exit 0
fi
command -v npm >/dev/null || fail "npm is missing; install Node.js 20 or newer with npm"
mkdir -p "$cache/axe"
staging=$(mktemp -d "$cache/axe/.fetch.XXXXXX")
trap 'rm -rf "$staging"' EXIT
cp "$lock/package.json" "$lock/package-lock.json" "$lock/.npmrc" "$staging/"
if ! (cd "$staging" && npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error) >"$staging/log" 2>&1; then
  tail -n 3 "$staging/log" >&2
  fail "npm could not fetch axe-core $version; check the network and the registry that npm uses"
fi
[ -f "$staging/$file" ] || fail "npm ended well but $file is not among the files of axe-core $version"
chmod 755 "$staging"
mv -T "$staging" "$target" 2>/dev/null || [ -f "$target/$file" ] || fail "cannot move axe-core to $target"
echo "axe-core $version is ready in $target"
