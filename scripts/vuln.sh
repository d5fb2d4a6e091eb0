#!/usr/bin/env bash
# Looks for known vulnerabilities in what we import. Without the vulnerability
# database within reach this says so and passes: the check needs the network.
set -euo pipefail

tool="$("$(dirname "$0")/tool.sh" govulncheck)"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if timeout 300 "$tool" ./... >"$log" 2>&1; then
  tail -n 3 "$log"
  exit 0
fi
if grep -qE 'fetching vulnerabilities|no such host|connection refused|dial tcp|unexpected status|HTTP GET' "$log"; then
  echo "govulncheck: NOT CHECKED, the vulnerability database is out of reach: $(grep -m1 -oE '(fetching|dial|HTTP|unexpected).*' "$log" | cut -c1-160)"
  exit 0
fi
cat "$log" >&2
exit 1
