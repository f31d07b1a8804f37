#!/bin/sh
# Runs inside an image build. It installs the production dependencies of the named packages of the
# workspace, from the store and by the lock file. Then it deletes files that no process reads:
# types, source maps, sources, tests, documents, pnpm's own notes. Licences stay. production-only.sh
# @bullpen/worker @bullpen/producer
set -eu
rm -rf node_modules packages/*/node_modules examples/*/node_modules
filters=
for package in "$@"; do filters="$filters --filter $package..."; done
# shellcheck disable=SC2086 # one word per filter
pnpm install --prod --offline --frozen-lockfile --trust-lockfile --reporter silent $filters
find node_modules packages -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.tsbuildinfo' \
  -o -iname '*.md' -o -name '*.markdown' \) ! -iname 'license*' -delete
# Packages of types only, with their links.
find node_modules packages -type d -name '@types*' -prune -exec rm -rf {} +
# Third-party tests are deleted where they stand beside a package.json: deeper down, folders of
# these names may hold code.
find node_modules -type f \( -name '*.test.js' -o -name '*.test.mjs' -o -name '*.test.cjs' \) -delete
find node_modules -type f -name package.json -path '*/node_modules/*' | while read -r manifest; do
  package=$(dirname "$manifest")
  rm -rf "$package/test" "$package/tests" "$package/__tests__" "$package/benchmark" "$package/benchmarks" "$package/examples" "$package/.github"
done
find node_modules packages -type d -name .bin -prune -exec rm -rf {} +
rm -rf node_modules/.modules.yaml node_modules/.pnpm-workspace-state*.json node_modules/.pnpm/lock.yaml
# pnpm needed these manifests. The image gets those of our packages again, with their code.
rm -rf examples package.json pnpm-lock.yaml pnpm-workspace.yaml packages/*/package.json
find node_modules packages -type d -empty -delete
