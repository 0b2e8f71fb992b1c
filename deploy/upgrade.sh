#!/bin/sh
# Brings our services to the images of TILLSTREAM_VERSION while tills sell: first the schemas, then a second set of
# replicas beside the first, then the first set goes. From the clone's folder: deploy/upgrade.sh
set -eu
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then compose() { docker compose "$@"; }; else compose() { docker-compose "$@"; }; fi

# Waits until the container is healthy: wait_for CONTAINER
wait_for() {
  for _ in $(seq 1 90); do
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ] && return
    sleep 1
  done
  echo "upgrade: $1 does not get healthy; the replicas from before still serve. docker logs $1 tells why" >&2
  exit 1
}

# Replaces every replica of a service: roll SERVICE
roll() {
  former=$(compose ps -q "$1")
  count=$(echo "$former" | wc -w)
  [ "$count" -gt 0 ] || return 0
  compose up -d --no-deps --no-recreate --scale "$1=$((count * 2))" "$1"
  for container in $(compose ps -q "$1"); do wait_for "$container"; done
  # The proxy has seen the new ones by then: it asks every second.
  sleep 2
  for container in $former; do
    docker stop --time 20 "$container" >/dev/null
    docker rm "$container" >/dev/null
  done
  echo "upgrade: $1: $count replaced"
}

compose run --rm -T migrate
for service in pos-api relay reconciler dashboard; do roll "$service"; done
# The proxy is one container with one port: made anew only where its image or settings have changed.
compose up -d --no-deps proxy
echo "upgrade: done"
