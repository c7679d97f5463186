#!/bin/sh
# Replaces the containers of the named services one by one by new ones with the current image and settings, and waits for
# each to be ready before it stops the next: docker/rolling-restart.sh consumer api
# COMPOSE_FILE, in the environment or in .env, names the compose files.
set -eu
cd "$(dirname "$0")/.."

# A new container is healthy as soon as it lives; a consumer is ready once it has joined its group.
wait_until_ready() {
  tries=120
  until docker exec "$1" node healthcheck.cjs /readyz; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      echo "$1 did not become ready; the remaining replicas were left alone." >&2
      exit 1
    fi
    sleep 1
  done
}

for service in "$@"; do
  old=$(docker compose ps -q "$service")
  count=$(echo "$old" | wc -l)
  for id in $old; do
    docker stop "$id" >/dev/null
    docker rm "$id" >/dev/null
    docker compose up -d --wait --no-deps --no-recreate --no-build --scale "$service=$count" "$service"
    for replica in $(docker compose ps -q "$service"); do wait_until_ready "$replica"; done
    echo "$service: replaced $id"
  done
done
