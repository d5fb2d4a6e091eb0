#!/usr/bin/env bash
# Fetches the Apache Kafka jars that the integration tests and the benchmark
# start. The version is pinned in internal/kafka/kafkatest/pom.xml. Does nothing
# when the jars are there, so that it works without a network the second time.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pom=$root/internal/kafka/kafkatest/pom.xml
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
cache=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}
libs=${FAULTLINE_KAFKA_LIBS:-$cache/kafka/$version/libs}

fail() {
  echo "fetch-kafka: $*" >&2
  exit 1
}

command -v java >/dev/null || fail "java is missing; install a Java 17 runtime, for example with: apt-get install openjdk-17-jre-headless"

if [ -f "$libs/kafka_2.13-$version.jar" ]; then
  echo "Apache Kafka $version is present in $libs"
  exit 0
fi

command -v mvn >/dev/null || fail "mvn is missing; install Maven, for example with: apt-get install maven"

parent=$(dirname "$libs")
mkdir -p "$parent"
staging=$(mktemp -d "$parent/.fetch.XXXXXX")
trap 'rm -rf "$staging"' EXIT

echo "Fetching Apache Kafka $version into $libs (about 45 MB)"
mvn -B -f "$pom" -Dstyle.color=never \
  dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$staging/libs" \
  >"$staging/log" 2>&1 &
maven=$!
while kill -0 "$maven" 2>/dev/null; do
  sleep 2
  got=$(du -sm "$staging" | cut -f1)
  files=$(grep -c 'Downloaded from' "$staging/log" || true)
  echo "  $files files downloaded, $got MB copied"
done
if ! wait "$maven"; then
  tail -n 20 "$staging/log" >&2
  fail "Maven could not fetch the jars; the lines above say why"
fi

[ -f "$staging/libs/kafka_2.13-$version.jar" ] || fail "Maven ended well but kafka_2.13-$version.jar is not among its files"
rm -rf "$libs"
mv "$staging/libs" "$libs"
echo "Apache Kafka $version is ready: $(find "$libs" -name '*.jar' | wc -l) jars in $libs"
