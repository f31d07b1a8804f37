# Builds three images: `docker build --target worker --tag bullpen-worker .`, and the same for
# `producer` and `dashboard`. docs/images.md has the rest.
# Docker's classic builder and BuildKit both read this file: it has no syntax line, no mounts and no
# here-documents.

ARG NODE_IMAGE=node:24-bookworm-slim
# The base of the images. It needs glibc and libstdc++, and no shell: gcr.io/distroless/cc-debian12
# is enough.
ARG BASE_IMAGE=debian:bookworm-slim

# ── init: a process 1 that loses no signal. The kernel drops signals for which a process 1 has no
# handler yet. Node has none before it has started, which takes 0.1 s, or more on a busy machine.
# A worker that is told to stop at that moment would continue until it is killed.
FROM ${NODE_IMAGE} AS init
RUN apt-get update -qq && apt-get install --yes -qq --no-install-recommends tini >/dev/null

# ── packages: all that is installed. Only manifests and the lock file decide it, so this stage
# stays in the cache when sources change.
FROM ${NODE_IMAGE} AS packages
WORKDIR /opt/bullpen
COPY package.json ./
# Only package.json names pnpm's version.
RUN npm install --global --no-audit --no-fund "pnpm@$(node -p "require('./package.json').packageManager.split('@')[1]")"
COPY pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/shared/package.json packages/shared/
COPY packages/producer/package.json packages/producer/
COPY packages/worker/package.json packages/worker/
COPY packages/dashboard/package.json packages/dashboard/
COPY examples/webhooks/package.json examples/webhooks/
# Whoever committed the lock file checked it against pnpm's supply-chain policies. Checking it again
# here would ask the registry about each entry.
RUN pnpm install --frozen-lockfile --trust-lockfile --reporter append-only \
  --filter @bullpen/worker... --filter @bullpen/producer... --filter @bullpen/dashboard... --filter @bullpen/example-webhooks

# ── what each image needs in production: third-party code only. It is a layer of its own, which all
# versions share until the lock file changes.
FROM packages AS worker-packages
COPY scripts/containers/production-only.sh /
RUN sh /production-only.sh @bullpen/worker @bullpen/producer

FROM packages AS producer-packages
COPY scripts/containers/production-only.sh /
RUN sh /production-only.sh @bullpen/producer

FROM packages AS dashboard-packages
COPY scripts/containers/production-only.sh /
RUN sh /production-only.sh @bullpen/dashboard

# ── build: our own code, compiled. /ours has the files of each package that a process reads.
FROM packages AS build
COPY tsconfig.base.json ./
COPY packages packages
RUN packages/shared/node_modules/.bin/tsc -b packages/worker packages/producer packages/dashboard \
  && for package in shared producer worker dashboard; do \
    mkdir -p /ours/$package && cp -R packages/$package/package.json packages/$package/dist /ours/$package/ || exit 1; \
    [ ! -d packages/$package/assets ] || cp -R packages/$package/assets /ours/$package/; \
  done \
  && find /ours/*/dist -type f ! -name '*.js' -delete
# The example's app, built as a team builds its own. It brings the one package that our images do
# not have.
COPY examples examples
RUN packages/shared/node_modules/.bin/tsc -p examples/webhooks/tsconfig.app.json --outDir /app \
  && cp examples/webhooks/package.json /app/ \
  && cp -RL node_modules/.pnpm/standardwebhooks@*/node_modules /app/node_modules \
  && find /app -name '*.map' -delete -o -name '*.ts' -delete
# The imports of an app resolve to the image's own copies, because Node looks at the root of the
# file system last. The app's own node_modules come first.
# None of our commands loads zod: it is there for the jobs of apps.
RUN mkdir -p /links/worker/@bullpen /links/producer/@bullpen \
  && for package in shared producer worker; do ln -s /opt/bullpen/packages/$package /links/worker/@bullpen/; done \
  && for package in shared producer; do ln -s /opt/bullpen/packages/$package /links/producer/@bullpen/; done \
  && for image in worker producer; do ln -s /opt/bullpen/packages/shared/node_modules/zod /links/$image/zod; done

# ── runtime: a Node binary on a small Debian, with a user that may not write anywhere.
FROM ${BASE_IMAGE} AS runtime
COPY --from=init /usr/bin/tini-static /usr/local/bin/tini
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY LICENSE scripts/containers/health-check.mjs /opt/bullpen/
ENV NODE_ENV=production
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM

FROM runtime AS worker
COPY --from=worker-packages /opt/bullpen /opt/bullpen
COPY --from=build /links/worker /node_modules
COPY --from=build /ours/shared /opt/bullpen/packages/shared
COPY --from=build /ours/producer /opt/bullpen/packages/producer
COPY --from=build /ours/worker /opt/bullpen/packages/worker
# The health check asks this port. The image publishes no port. If the variable is empty, there is
# neither port nor check.
ENV BULLPEN_HEALTH_PORT=8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/node", "/opt/bullpen/health-check.mjs"]
# There is no shell and no npm between Docker and Node. A worker that was told to stop before it
# could hear the signal (143) has taken no job, so tini exits 0.
ENTRYPOINT ["/usr/local/bin/tini", "-s", "-e", "143", "--", "/usr/local/bin/node", "/opt/bullpen/packages/worker/dist/cli/main.js"]
ARG VERSION=unversioned
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="bullpen-worker" \
  org.opencontainers.image.description="Attempts jobs. An app is mounted at /app, or copied there by an image FROM this one." \
  org.opencontainers.image.licenses="MIT" org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.source="${SOURCE}"

FROM runtime AS producer
COPY --from=producer-packages /opt/bullpen /opt/bullpen
COPY --from=build /links/producer /node_modules
COPY --from=build /ours/shared /opt/bullpen/packages/shared
COPY --from=build /ours/producer /opt/bullpen/packages/producer
ENTRYPOINT ["/usr/local/bin/tini", "-s", "--", "/usr/local/bin/node", "/opt/bullpen/packages/producer/dist/cli/main.js"]
CMD ["--help"]
ARG VERSION=unversioned
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="bullpen-producer" \
  org.opencontainers.image.description="Puts jobs in, one at a time or a file at a time; looks after batches." \
  org.opencontainers.image.licenses="MIT" org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.source="${SOURCE}"

FROM runtime AS dashboard
COPY --from=dashboard-packages /opt/bullpen /opt/bullpen
COPY --from=build /ours/shared /opt/bullpen/packages/shared
COPY --from=build /ours/producer /opt/bullpen/packages/producer
COPY --from=build /ours/dashboard /opt/bullpen/packages/dashboard
ENV BULLPEN_DASHBOARD_PORT=3000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/node", "/opt/bullpen/health-check.mjs"]
ENTRYPOINT ["/usr/local/bin/tini", "-s", "-e", "143", "--", "/usr/local/bin/node", "/opt/bullpen/packages/dashboard/dist/cli/main.js"]
ARG VERSION=unversioned
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="bullpen-dashboard" \
  org.opencontainers.image.description="Shows queues, jobs and batches, behind a login." \
  org.opencontainers.image.licenses="MIT" org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.source="${SOURCE}"

# ── the demo, as three images FROM ours. A team's own Dockerfile looks the same, except for its
# first line.
FROM worker AS example-worker
COPY --from=build /app /app
ENV BULLPEN_HANDLERS=/app/handlers.js

FROM producer AS example-producer
COPY --from=build /app /app
ENV BULLPEN_JOBS=/app/jobs.js

FROM producer AS example-receiver
COPY --from=build /app /app
ENV RECEIVER_HOST=0.0.0.0 RECEIVER_PORT=8080 BULLPEN_HEALTH_PORT=8080
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/node", "/opt/bullpen/health-check.mjs"]
ENTRYPOINT ["/usr/local/bin/tini", "-s", "-e", "143", "--", "/usr/local/bin/node", "/app/receive.js"]
CMD []
