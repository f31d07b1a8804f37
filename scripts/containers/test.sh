#!/usr/bin/env bash
# `pnpm test:containers`: provides a Docker engine and the base images, builds our images, and runs
# the container tests. It exits with the code of the tests. Where no engine can be had it exits with
# 69 and says so, so that a CI can tell "cannot be tested here" from "failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
export TZ=UTC

took() { printf 'containers: %s (%s s)\n' "$1" "$((SECONDS - from))" >&2; }
from=$SECONDS
bash scripts/containers/engine.sh || {
  code=$?
  [ $code -ne 69 ] || echo "containers: NOT TESTED: images, compose file and container tests need a Docker engine." >&2
  exit $code
}
took "the engine answers"

from=$SECONDS
bash scripts/containers/base-images.sh
took "base images are here"

from=$SECONDS
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The compose file requires these variables. A build does not use them.
export BULLPEN_REDIS_PASSWORD=build BULLPEN_DASHBOARD_PASSWORD=build
docker compose --env-file /dev/null --profile demo --progress plain build >"$log" 2>&1 || { tail -40 "$log" >&2; echo "containers: the images could not be built" >&2; exit 1; }
unset BULLPEN_REDIS_PASSWORD BULLPEN_DASHBOARD_PASSWORD
docker build --quiet --target worker --tag bullpen-worker . >/dev/null
docker build --quiet --target producer --tag bullpen-producer . >/dev/null
took "images are built"

# Not `exec`: this shell removes the log when it ends.
node_modules/.bin/vitest run --config vitest.containers.config.ts "$@"
