#!/usr/bin/env bash
# Makes sure that this machine has the base images that we build on. It pulls them. Where it cannot
# reach a registry, and runs as root on Debian, it builds stand-ins with the same names from Debian
# packages and npm's package of the official Node binary. It exits 0, or 1 with the reason.
# Stand-ins trust the certificate authorities of this machine. Do not push them to a registry.
set -euo pipefail

readonly WORK=${BULLPEN_CONTAINERS_WORK:-/var/tmp/bullpen-containers}
readonly DEBIAN=debian:bookworm-slim NODE=node:24-bookworm-slim REDIS=redis:7
readonly PULL_WITHIN_S=180

say() { printf 'containers: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
is_here() { docker image inspect "$1" >/dev/null 2>&1; }

is_here $DEBIAN && is_here $NODE && is_here $REDIS && exit 0

pull() {
  for image in $DEBIAN $NODE $REDIS; do
    is_here $image || timeout "$PULL_WITHIN_S" docker pull --quiet $image >/dev/null 2>"$WORK/pull.log" || return 1
  done
}
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9 # of two callers at once, one waits
if pull; then
  say "pulled $DEBIAN, $NODE and $REDIS"
  exit 0
fi
say "cannot pull: $(tail -1 "$WORK/pull.log")"
say "building stand-ins instead; sizes and contents differ a little from the real images"
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "stand-ins need root and apt-get"
command -v npm >/dev/null || fail "stand-ins need npm"
export DEBIAN_FRONTEND=noninteractive

build() { # build FOLDER IMAGE. It uses the classic builder, because buildx may be missing.
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$2" "$1" >"$WORK/build.log" 2>&1 || { tail -20 "$WORK/build.log" >&2; fail "docker build of $2"; }
  rm -rf "$1"
}

if ! is_here $DEBIAN; then
  command -v mmdebstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap; } >"$WORK/apt.log" 2>&1 ||
    fail "apt-get could not install mmdebstrap: $(tail -1 "$WORK/apt.log")"
  # mmdebstrap uses the machine's own mirror if its sources are in Debian 12's usual file.
  sources=()
  [ -s /etc/apt/sources.list.d/debian.sources ] && grep -q bookworm /etc/apt/sources.list.d/debian.sources && sources=(/etc/apt/sources.list.d/debian.sources)
  skip=()
  for folder in doc man info locale lintian; do skip+=(--dpkgopt="path-exclude=/usr/share/$folder/*"); done
  # shellcheck disable=SC2016 # mmdebstrap's hooks read $1
  mmdebstrap --quiet --mode=root --variant=minbase --include=ca-certificates "${skip[@]}" \
    --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1"/usr/local/share/ca-certificates/ 2>/dev/null || :' \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null 2>&1' \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1"/usr/sbin/policy-rc.d; chmod 755 "$1"/usr/sbin/policy-rc.d' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname; rm -rf "$1"/var/cache/apt/archives/*.deb' \
    bookworm "$WORK/debian.tar" "${sources[@]}" 2>"$WORK/mmdebstrap.log" || fail "mmdebstrap: $(tail -1 "$WORK/mmdebstrap.log")"
  docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'CMD ["bash"]' "$WORK/debian.tar" $DEBIAN >/dev/null
  rm "$WORK/debian.tar"
fi

make_node() {
  local folder=$WORK/node arch modules
  case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) fail "npm has no Node for $(uname -m)" ;; esac
  rm -rf "$folder"
  mkdir -p "$folder/modules"
  (cd "$folder" && npm pack --silent "node-linux-$arch@24" >/dev/null 2>"$WORK/npm.log") || fail "npm pack node-linux-$arch@24: $(tail -1 "$WORK/npm.log")"
  tar -xzf "$folder"/node-linux-*.tgz -C "$folder" --strip-components=2 package/bin/node
  rm "$folder"/node-linux-*.tgz
  modules=$(npm root --global)
  cp -a "$modules/npm" "$folder/modules/"
  cat >"$folder/Dockerfile" <<END
FROM $DEBIAN
COPY node /usr/local/bin/
COPY modules/ /usr/local/lib/node_modules/
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && npm --version
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
END
  build "$folder" $NODE
}

make_redis() {
  local folder=$WORK/redis
  rm -rf "$folder"
  mkdir -p "$folder"
  cat >"$folder/entrypoint.sh" <<'END'
#!/bin/sh
# Like the official image: Redis does not run as root, and other containers can reach it.
set -e
if [ "${1#-}" != "$1" ]; then set -- redis-server "$@"; fi
case "$*" in redis-server*) set -- "$@" --protected-mode no ;; esac
[ "$(id -u)" != 0 ] || { chown -R redis /data; exec setpriv --reuid=redis --regid=redis --clear-groups "$@"; }
exec "$@"
END
  chmod 755 "$folder/entrypoint.sh"
  cat >"$folder/Dockerfile" <<END
FROM $DEBIAN
RUN groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis && apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends redis-server redis-tools >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin && mkdir -p /data && chown redis:redis /data
COPY entrypoint.sh /usr/local/bin/
VOLUME /data
WORKDIR /data
ENTRYPOINT ["entrypoint.sh"]
CMD ["redis-server"]
END
  build "$folder" $REDIS
}

# Both at the same time: one waits for npm, the other for Debian's mirror.
making=()
if ! is_here $NODE; then make_node & making+=($!); fi
if ! is_here $REDIS; then make_redis & making+=($!); fi
for maker in "${making[@]}"; do wait "$maker" || exit 1; done
say "built stand-ins for $DEBIAN, $NODE and $REDIS"
