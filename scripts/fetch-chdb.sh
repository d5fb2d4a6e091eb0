#!/usr/bin/env bash
# Fetches the embedded ClickHouse engine: the npm package that
# internal/chdb/lib pins by version and checksum. Does nothing when the engine
# is there, so that it works without a network the second time.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lock=$root/internal/chdb/lib
package=@chdb/lib-linux-x64-gnu
version=$(sed -n "s|.*\"$package\": \"\(.*\)\".*|\1|p" "$lock/package.json")
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}
target=$cache/chdb/$version
file=node_modules/$package/libchdb.so
unpacked_mb=543 # What the package takes on disk; progress is measured against it.

fail() {
  echo "fetch-chdb: $*" >&2
  exit 1
}
server="or name a ClickHouse server with --clickhouse-dsn"

if [ -n "${FAULTLINE_LIBCHDB:-}" ]; then
  [ -f "$FAULTLINE_LIBCHDB" ] || fail "FAULTLINE_LIBCHDB names $FAULTLINE_LIBCHDB, which is no file; correct or unset it, $server"
  echo "Embedded ClickHouse: using FAULTLINE_LIBCHDB=$FAULTLINE_LIBCHDB"
  exit 0
fi
if [ -f "$target/$file" ]; then
  echo "Embedded ClickHouse $version is present in $target"
  exit 0
fi

platform=$(uname -s)/$(uname -m)
[ "$platform" = Linux/x86_64 ] || fail "the embedded ClickHouse engine is pinned for Linux/x86_64 only and this is $platform; name a ClickHouse server with --clickhouse-dsn"
getconf GNU_LIBC_VERSION >/dev/null 2>&1 || fail "the embedded ClickHouse engine needs glibc, which this system lacks; use a glibc system, $server"
command -v npm >/dev/null || fail "npm is missing; install Node.js 20 or newer with npm, $server"

parent=$cache/chdb
mkdir -p "$parent"
staging=$(mktemp -d "$parent/.fetch.XXXXXX")
npm=
cleanup() {
  if [ -n "$npm" ]; then
    kill "$npm" 2>/dev/null || true
    wait "$npm" 2>/dev/null || true # Else it goes on writing below.
  fi
  rm -rf "$staging"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# progress LAST prints how far the fetch is: one line that rewrites itself on a
# terminal, a line per ten percent elsewhere. It prints the tenth it reached.
progress() {
  local last=$1 got percent
  got=$(du -sm "$staging" 2>/dev/null | cut -f1) || got=0
  percent=$((${got:-0} * 100 / unpacked_mb))
  [ "$percent" -lt 99 ] || percent=99
  if [ -t 2 ]; then
    printf '\r  %3d %% (%d of %d MB unpacked)' "$percent" "$got" "$unpacked_mb" >&2
  elif [ $((percent / 10)) -gt "$last" ]; then
    printf '  %3d %% (%d of %d MB unpacked)\n' "$percent" "$got" "$unpacked_mb" >&2
  fi
  echo $((percent / 10))
}

echo "Fetching embedded ClickHouse $version into $target (166 MB to download, $unpacked_mb MB unpacked)"
cp "$lock/package.json" "$lock/package-lock.json" "$lock/.npmrc" "$staging/"
(cd "$staging" && exec npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error \
  --fetch-retries=2 --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000 >"$staging/log" 2>&1) &
npm=$!
tenth=-1
while kill -0 "$npm" 2>/dev/null; do
  tenth=$(progress "$tenth")
  sleep 1
done
[ ! -t 2 ] || echo >&2
if ! wait "$npm"; then
  npm=
  reason=$(sed -n 's/^npm error *//p' "$staging/log" | grep -v -e '^at ' -e 'A complete log' | tr -s '\n' ' ' | cut -c1-300)
  fail "npm could not fetch $package@$version (${reason:-no message}); check the network and the registry that npm uses, $server"
fi
npm=

[ -f "$staging/$file" ] || fail "npm ended well but $file is not among the files of $package@$version"
rm -f "$staging/log"
chmod 755 "$staging"
# A rename is atomic. If another fetch was faster, its result is as good.
mv -T "$staging" "$target" 2>/dev/null || [ -f "$target/$file" ] || fail "cannot move the engine to $target"
echo "Embedded ClickHouse $version is ready in $target"
