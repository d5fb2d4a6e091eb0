#!/usr/bin/env bash
# Prints one table of docs/evaluation.md anew, with the engine as it is built.
# The cases are drawn, so that nothing but the repository is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

faultline=$PWD/bin/faultline
draw=$(mktemp -d)
trap 'rm -rf "$draw"' EXIT

# company SEED SERVICES CHANGES-A-DAY CASES: the cases of a simulated company.
company() {
  "$faultline" simulate --seed "$1" --services "$2" --changes-per-day "$3" --incidents "$4" --days 20 >"$draw/$1.jsonl"
}

case "${1:-}" in
published)
  for seed in 981 982 983; do "$faultline" simulate --outages --seed "$seed"; done >"$draw/published.jsonl"
  "$faultline" eval --cases "$draw/published.jsonl" --by delay,kind --at 1m,5m,15m,end
  ;;
companies)
  for spec in "981 300 500 60" "982 2000 1000 40" "983 20000 5000 40" "984 20000 100000 20"; do
    # shellcheck disable=SC2086 # The words are arguments.
    company $spec
    echo "== seed ${spec%% *}"
    "$faultline" eval --cases "$draw/${spec%% *}.jsonl" --by delay
    rm "$draw/${spec%% *}.jsonl"
  done
  ;;
moments)
  company 202 300 500 60
  "$faultline" eval --cases "$draw/202.jsonl" --at 1m,5m,15m,end
  ;;
terms)
  company 202 300 500 60
  "$faultline" eval --cases "$draw/202.jsonl" --ablate
  ;;
storms)
  for services in 300 2000 20000; do
    "$faultline" simulate --storms --seed 31 --services "$services" --incidents 60 --days 20 >"$draw/storms.jsonl"
    echo "== $services services"
    "$faultline" eval --storms "$draw/storms.jsonl"
  done
  ;;
observer)
  IDEAL_COMPANIES=221:300:500:60 go test ./internal/eval/simulate -timeout 30m -run IdealObserver -v
  ;;
shops)
  MESH_CASES=400 MESH_DRAWINGS=150 go test ./correlate -timeout 60m -run 'VariedShops|EachTermHelps|MoreSamples' -v
  ;;
*)
  echo "figures: TABLE is '${1:-}'; choose published, companies, moments, terms, storms, observer or shops" >&2
  exit 2
  ;;
esac
