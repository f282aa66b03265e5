#!/usr/bin/env bash
# Starts and stops the services of the live suite: `services.sh up` prints the environment the tests read, `services.sh down` ends
# everything it started. The database with Odoo's demo data is made once and copied for each run, so every run starts clean.
set -euo pipefail

cache=${CONSIGN_LIVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/consign-live}
run=$cache/run
pg_port=${CONSIGN_LIVE_PG_PORT:-54329}
odoo_port=${CONSIGN_LIVE_ODOO_PORT:-18069}
pg_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
say() { printf 'live: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# PostgreSQL refuses to run as root.
as_pg() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
pg() { as_pg env PGHOST="$run/sock" PGPORT="$pg_port" PGUSER=edi PGDATABASE=postgres "$@"; }
odoo() {
  env TZ=UTC PYTHONPATH="$cache/odoo/usr/lib/python3/dist-packages" HOME="$cache" PGUSER=edi \
    "$cache/venv/bin/python" -W ignore -m odoo "$@" --db_host 127.0.0.1 --db_port "$pg_port" --db_user edi --db_password edi \
    --data-dir "$cache/filestore" --addons-path "$cache/odoo/usr/lib/python3/dist-packages/odoo/addons"
}

up() {
  mkdir -p "$run"
  [ -d "$cache/pg/base" ] || {
    say "making a PostgreSQL cluster"
    rm -rf "$cache/pg" && mkdir -p "$cache/pg"
    # As root the server runs as postgres, which must be able to pass through the folders above its own.
    if [ "$(id -u)" = 0 ]; then chown postgres "$cache/pg"; chmod a+x "$cache" "$(dirname "$cache")" "$HOME"; fi
    as_pg "$pg_bin/initdb" -D "$cache/pg" -U edi -A trust -E UTF8 --no-locale >/dev/null
    as_pg sh -c "printf 'fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 60\n' >> '$cache/pg/postgresql.conf'"
  }
  mkdir -p "$run/sock"; if [ "$(id -u)" = 0 ]; then chown postgres "$run/sock"; fi
  as_pg "$pg_bin/pg_ctl" -D "$cache/pg" status >/dev/null 2>&1 ||
    as_pg "$pg_bin/pg_ctl" -D "$cache/pg" -w -o "-p $pg_port -k $run/sock -h 127.0.0.1" -l "$cache/pg/log" start >/dev/null || die "PostgreSQL does not start: see $cache/pg/log"
  if ! pg psql -Atc "select 1 from pg_database where datname = 'edi_template'" | grep -q 1; then
    say "installing Odoo 19 with demo data (a minute or two)"
    pg dropdb --if-exists edi_making
    odoo -d edi_making -i sale_management,stock,purchase,crm,account --with-demo --stop-after-init --max-cron-threads=0 --http-port "$odoo_port" >"$cache/install.log" 2>&1 \
      || die "Odoo could not be installed: see $cache/install.log"
    pg psql -qc "alter database edi_making rename to edi_template"
  fi
  pg dropdb --if-exists --force edi_run
  pg createdb -T edi_template edi_run
  key=$(printf '%s\n' "import datetime" \
    "k = env(user=env.ref('base.user_admin').id)['res.users.apikeys']._generate('rpc', 'consign live suite', datetime.datetime.now() + datetime.timedelta(days=30))" \
    "env.cr.commit()" "print('KEY=' + k)" | odoo shell -d edi_run --no-http --log-level=error 2>/dev/null | sed -n 's/.*KEY=//p')
  [ -n "$key" ] || die "no API key from Odoo"
  start_odoo
  echo "export CONSIGN_LIVE_VSFTPD=$cache/vsftpd/usr/sbin/vsftpd"
  echo "export CONSIGN_LIVE_PYTHON=$cache/venv/bin/python"
  echo "export CONSIGN_LIVE_ODOO_URL=http://127.0.0.1:$odoo_port"
  echo "export CONSIGN_LIVE_ODOO_DB=edi_run"
  echo "export CONSIGN_LIVE_ODOO_KEY=$key"
}

start_odoo() {
  odoo -d edi_run --db-filter '^edi_run$' --max-cron-threads=0 --http-interface 127.0.0.1 --http-port "$odoo_port" >>"$run/odoo.log" 2>&1 &
  echo $! > "$run/odoo.pid"
  for _ in $(seq 1 120); do
    curl -fs -o /dev/null "http://127.0.0.1:$odoo_port/web/health" && break
    kill -0 "$(cat "$run/odoo.pid")" 2>/dev/null || die "Odoo ended: see $run/odoo.log"
    sleep 0.5
  done
  curl -fs -o /dev/null "http://127.0.0.1:$odoo_port/web/health" || die "Odoo does not answer: see $run/odoo.log"
}

# Without a word to it, as a machine dies.
kill_odoo() {
  [ -e "$run/odoo.pid" ] || return 0
  pkill -9 -P "$(cat "$run/odoo.pid")" 2>/dev/null || true
  kill -9 "$(cat "$run/odoo.pid")" 2>/dev/null || true
  for _ in $(seq 1 50); do curl -fs -o /dev/null "http://127.0.0.1:$odoo_port/web/health" || return 0; sleep 0.1; done
  die "Odoo does not end"
}

down() {
  if [ -e "$run/odoo.pid" ]; then pkill -P "$(cat "$run/odoo.pid")" 2>/dev/null || true; kill "$(cat "$run/odoo.pid")" 2>/dev/null || true; rm -f "$run/odoo.pid"; fi
  as_pg "$pg_bin/pg_ctl" -D "$cache/pg" -m immediate stop >/dev/null 2>&1 || true
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  odoo-kill) kill_odoo ;;
  odoo-start) start_odoo ;;
  *) die "usage: services.sh up|down|odoo-kill|odoo-start" ;;
esac
