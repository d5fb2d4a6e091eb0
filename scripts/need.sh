#!/usr/bin/env bash
# Says in one line what is missing on this machine. usage: scripts/need.sh COMMAND...
set -euo pipefail

for command in "$@"; do
  command -v "$command" >/dev/null 2>&1 && continue
  case "$command" in
    go) mend="install Go 1.26 or newer" ;;
    npm) mend="install Node.js 20 or newer with npm" ;;
    java) mend="install a Java 17 runtime" ;;
    mvn) mend="install Apache Maven 3.8 or newer" ;;
    *) mend="install it" ;;
  esac
  echo "$command is missing; $mend" >&2
  exit 3
done
