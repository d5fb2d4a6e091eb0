#!/usr/bin/env bash
# Prints the path of a pinned Go tool, building it into the cache on first use.
# usage: scripts/tool.sh NAME
set -euo pipefail

cache="${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}/tools"
case "${1:-}" in
  golangci-lint) package=github.com/golangci/golangci-lint/v2/cmd/golangci-lint version=v2.15.0 ;;
  govulncheck) package=golang.org/x/vuln/cmd/govulncheck version=v1.9.0 ;;
  oapi-codegen) package=github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen version=v2.8.2 ;;
  *) echo "tool.sh: want golangci-lint, govulncheck or oapi-codegen, got '${1:-}'" >&2; exit 2 ;;
esac

bin="$cache/$1-$version/$1"
if [ ! -x "$bin" ]; then
  echo "building $1 $version (once; a few minutes on two cores)" >&2
  build="$(mktemp -d)"
  trap 'rm -rf "$build"' EXIT
  if ! (cd "$build" && GOBIN="$build" GOFLAGS= go install "$package@$version") >"$build/log" 2>&1; then
    tail -n 3 "$build/log" >&2
    echo "tool.sh: $1 $version is missing and could not be built; is a Go module proxy within reach?" >&2
    exit 3
  fi
  mkdir -p "$(dirname "$bin")"
  mv "$build/$1" "$bin"
fi
echo "$bin"
