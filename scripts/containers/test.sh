#!/usr/bin/env bash
# `pnpm test:containers`: an engine, the base images, our images, and the tests of all that. Exits with the tests' code; with 69, and one loud line, where there
# is no engine to be had, so that a CI can tell "cannot be tested here" from "failed".
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
# The variables that the compose file insists upon; for a build they mean nothing.
export BULLPEN_REDIS_PASSWORD=build BULLPEN_DASHBOARD_PASSWORD=build
docker compose --env-file /dev/null --profile demo --profile producer --progress plain build >"$log" 2>&1 || { tail -40 "$log" >&2; echo "containers: the images could not be built" >&2; exit 1; }
unset BULLPEN_REDIS_PASSWORD BULLPEN_DASHBOARD_PASSWORD
docker build --quiet --target worker --tag bullpen-worker . >/dev/null
docker build --quiet --target producer --tag bullpen-producer . >/dev/null
took "images are built"

# Not `exec`: the log is removed when this ends.
node_modules/.bin/vitest run --config vitest.containers.config.ts "$@"
