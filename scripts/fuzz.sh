#!/usr/bin/env bash
# Runs every fuzz target for the given time. usage: scripts/fuzz.sh 10s
set -euo pipefail

time="${1:-10s}"
git grep -l -E '^func Fuzz' -- '*_test.go' | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $target (./$(dirname "$file"))"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")"
  done
done
