#!/usr/bin/env bash
# Fails when a generated file differs from what its source generates. The
# comparison is with the files as they stood before, committed or not.
set -euo pipefail

before="$(git ls-files -z | xargs -0 sha256sum 2>/dev/null)"
go generate ./...
go mod tidy
after="$(git ls-files -z | xargs -0 sha256sum 2>/dev/null)"
if [ "$before" != "$after" ]; then
  echo "generated files were out of date; they have been written anew, commit them:" >&2
  diff <(echo "$before") <(echo "$after") | awk '/^>/ {print "  " $3}' >&2
  exit 1
fi
