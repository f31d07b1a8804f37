#!/bin/sh
# Writes .env for docker-compose.yml: .env.example with fresh secrets in it. Leaves one that is there alone.
set -eu
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
  echo "There is a .env already; it stays as it is."
  exit 0
fi
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
# Made before the file is there: a .env is whole or is not.
sed -e "s/^BULLPEN_REDIS_PASSWORD=\$/&$(random)/" -e "s/^BULLPEN_DASHBOARD_PASSWORD=\$/&$(random)/" \
  -e "s/^WEBHOOK_SECRET=\$/&whsec_$(random | cut -c1-32)/" .env.example >.env.new
mv .env.new .env
echo "Wrote .env, with a password for Redis and one for the dashboard: BULLPEN_DASHBOARD_USER and BULLPEN_DASHBOARD_PASSWORD in it log you in."
