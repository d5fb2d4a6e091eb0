#!/usr/bin/env bash
# Fetches Prometheus from Debian's packages, for the tests that ask a real
# server. Nothing is installed: the package is kept in the cache directory and
# its binary unpacked there, so that it works without a network the second time
# and needs no root where the package lists are up to date.
set -euo pipefail

cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/prometheus
binary=${FAULTLINE_PROMETHEUS:-$cache/prometheus}

# Elsewhere the tests skip with a loud line; under CI nothing may be missing.
missing() {
  echo "fetch-prometheus: $*; set FAULTLINE_PROMETHEUS to a prometheus binary, or its tests are skipped" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
}

if [ -x "$binary" ]; then
  echo "Prometheus is present: $binary"
  exit 0
fi

mkdir -p "$cache"
staging=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$staging"' EXIT

package=$(find "$cache" -maxdepth 1 -name 'prometheus_*.deb' | sort | tail -n 1)
if [ -z "$package" ]; then
  command -v apt-get >/dev/null || missing "apt-get is missing, so Debian's package prometheus cannot be fetched"
  echo "Fetching Prometheus into $cache (about 20 MB)"
  if ! (cd "$staging" && apt-get -q download prometheus) >"$staging/log" 2>&1; then
    [ "$(id -u)" = 0 ] || missing "apt-get cannot download the package prometheus and only root may bring its lists up to date (apt-get update)"
    apt-get -q update >>"$staging/log" 2>&1 && (cd "$staging" && apt-get -q download prometheus) >>"$staging/log" 2>&1 ||
      missing "apt-get cannot download the package prometheus: $(tail -n 1 "$staging/log")"
  fi
  package=$cache/$(basename "$staging"/prometheus_*.deb)
  mv "$staging"/prometheus_*.deb "$package"
fi

command -v dpkg-deb >/dev/null || missing "dpkg-deb is missing, so $package cannot be unpacked"
dpkg-deb --fsys-tarfile "$package" | tar -x -C "$staging" ./usr/bin/prometheus
mv "$staging/usr/bin/prometheus" "$binary"
echo "Prometheus is ready: $binary ($("$binary" --version 2>&1 | sed -n '1s/.*version \([^ ]*\).*/\1/p'))"
