#!/usr/bin/env bash
# Makes sure that a Docker engine and `docker compose` answer. It uses what is there. As root on
# Debian it installs and starts what is missing.
# It exits 0 when both answer, 69 when this machine cannot have them (and says why), 1 when the
# installation or the start failed.
# It never stops the engine, so that the next run finds it.
set -euo pipefail

readonly WORK=${BULLPEN_CONTAINERS_WORK:-/var/tmp/bullpen-containers}
readonly NO_ENGINE=69
readonly STARTED_WITHIN_S=60

say() { printf 'containers: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
none() { say "no container engine is available: $*"; exit "$NO_ENGINE"; }

answers() { docker info >/dev/null 2>&1; }
composes() { docker compose version >/dev/null 2>&1; }
answers && composes && exit 0

# From here on something is missing, and only root on Debian or a derivative can install it.
[ "$(id -u)" = 0 ] || none "'docker info' or 'docker compose version' fails, and this is not root, so nothing is installed"
command -v apt-get >/dev/null || none "'docker info' or 'docker compose version' fails, and there is no apt-get to install one with"
[ -z "${DOCKER_HOST:-}" ] || none "DOCKER_HOST is $DOCKER_HOST, and nothing answers there"
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9 # of two callers at once, one waits

export DEBIAN_FRONTEND=noninteractive
apt_install() {
  say "installing $*"
  { apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@"; } >"$WORK/apt.log" 2>&1 && return
  tail -5 "$WORK/apt.log" >&2
  return 1
}

if ! command -v dockerd >/dev/null; then
  apt_install docker.io iptables || none "apt-get could not install docker.io"
fi

# A killed engine leaves these files behind. dockerd does not start while the process id in them
# seems to be in use.
forget_dead() {
  local file=$1 name=$2 number
  [ -f "$file" ] || return 0
  number=$(cat "$file")
  if [ ! -e "/proc/$number/comm" ] || [ "$(cat "/proc/$number/comm")" != "$name" ] || grep -q '^State:.*Z' "/proc/$number/status"; then
    rm -f "$file"
  fi
}

if ! answers; then
  if ! grep -q ' /sys/fs/cgroup' /proc/mounts; then
    command -v cgroupfs-mount >/dev/null || apt_install cgroupfs-mount || fail "cannot install cgroupfs-mount"
    cgroupfs-mount || fail "cannot mount cgroups"
  fi
  forget_dead /var/run/docker.pid dockerd
  forget_dead /var/run/docker/containerd/containerd.pid containerd
  say "starting dockerd; it logs to $WORK/dockerd.log"
  # 9>&-: dockerd must not inherit the lock. setsid: Ctrl-C stops the tests and not the engine.
  setsid nohup dockerd >>"$WORK/dockerd.log" 2>&1 </dev/null 9>&- &
  engine=$!
  for ((tenth = 0; tenth < STARTED_WITHIN_S * 10; tenth++)); do
    answers && break
    kill -0 "$engine" 2>/dev/null || { tail -5 "$WORK/dockerd.log" >&2; none "dockerd is installed, but it ends as soon as it is started"; }
    sleep 0.1
  done
  answers || { tail -5 "$WORK/dockerd.log" >&2; fail "dockerd does not answer within $STARTED_WITHIN_S s"; }
fi

# Debian 12 has no compose v2. We unpack it from Debian 13, as a plugin, and do not add those sources
# to apt.
unpack_compose() {
  local sources=/etc/apt/sources.list.d/debian.sources folder=$WORK/compose
  [ -s "$sources" ] || return 1
  rm -rf "$folder"
  mkdir -p "$folder/parts" "$folder/lists/partial" "$folder/out"
  sed 's/bookworm/trixie/g' "$sources" >"$folder/parts/trixie.sources"
  cat >"$folder/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$folder/parts";
Dir::State::lists "$folder/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
END
  (cd "$folder" && export APT_CONFIG=$folder/apt.conf && apt-get update -qq && apt-get download -qq docker-compose docker-buildx) >"$WORK/apt.log" 2>&1 || return 1
  for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/out"; done
  install -D -m 755 -t /usr/local/lib/docker/cli-plugins "$folder"/out/usr/libexec/docker/cli-plugins/*
  rm -rf "$folder"
}
if ! composes; then
  say "getting docker compose"
  unpack_compose || { apt-get install -y -qq docker-compose-v2 || apt-get install -y -qq docker-compose-plugin; } >"$WORK/apt.log" 2>&1 ||
    none "the engine answers, but docker compose is not available"
  composes || fail "docker compose was installed, but it does not run"
fi
say "engine $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short)"
