#!/bin/bash
# The engine on loopback, the door in front of it; both are stopped by one SIGTERM.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  chown clickhouse:clickhouse /var/lib/clickhouse
  exec gosu clickhouse "$0"
fi
# Between the two of them.
CLICKHOUSE_PASSWORD=$(head -c 24 /dev/urandom | base64)
export CLICKHOUSE_PASSWORD
CLICKHOUSE_PORT=8124 TILLSTREAM_DATA=/var/lib/clickhouse UV_THREADPOOL_SIZE=12 \
  node embedded/src/clickhouse/server.ts &
engine=$!
node /door.mjs &
door=$!
trap 'kill -TERM $engine $door 2>/dev/null' TERM INT
# Whichever ends first ends the container.
wait -n || true
kill -TERM $engine $door 2>/dev/null || true
wait $engine || true
