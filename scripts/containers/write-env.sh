#!/bin/sh
# Writes .env for docker-compose.yml: .env.example with fresh secrets. It never changes a .env that
# exists.
set -eu
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
  echo "There is a .env already. It was not changed."
  exit 0
fi
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
# The file is renamed when it is complete, so that a .env is never half written.
sed -e "s/^BULLPEN_REDIS_PASSWORD=\$/&$(random)/" -e "s/^BULLPEN_DASHBOARD_PASSWORD=\$/&$(random)/" \
  -e "s/^WEBHOOK_SECRET=\$/&whsec_$(random | cut -c1-32)/" .env.example >.env.new
mv .env.new .env
echo "Wrote .env with new passwords for Redis and the dashboard. Log in to the dashboard with its BULLPEN_DASHBOARD_USER and BULLPEN_DASHBOARD_PASSWORD."
