#!/bin/sh
# Replaces the containers of the named services one by one by new ones with the current image and settings, and waits for
# each to be ready before it stops the next: docker/rolling-restart.sh consumer api
# Run again after an interruption, it brings back what is missing first.
# COMPOSE_FILE, in the environment or in .env, names the compose files.
set -eu
cd "$(dirname "$0")/.."

# Replicas of a service, running or not, without the containers of `docker compose run`.
replicas_of() {
  for id in $(docker compose ps -aq "$1"); do
    one_off=$(docker inspect --format '{{ index .Config.Labels "com.docker.compose.oneoff" }}' "$id")
    [ "$one_off" = True ] || echo "$id"
  done
}

count() { echo $#; }

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

# service, how many
start_missing() {
  docker compose up -d --wait --no-deps --no-recreate --no-build --scale "$1=$2" "$1"
  for replica in $(docker compose ps -q "$1"); do wait_until_ready "$replica"; done
}

for service in "$@"; do
  replicas=$(count $(replicas_of "$service"))
  if [ "$replicas" -eq 0 ]; then
    echo "$service has no containers: docker compose up -d makes them." >&2
    exit 1
  fi
  old=$(docker compose ps -q "$service")
  # Those that have ended would be started again as they are, with the old image.
  docker compose rm -f "$service"
  start_missing "$service" "$replicas"
  for id in $old; do
    docker stop "$id" >/dev/null
    docker rm "$id" >/dev/null
    start_missing "$service" "$replicas"
    echo "$service: replaced $id"
  done
done
