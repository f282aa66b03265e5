#!/usr/bin/env bash
# The live suite, whole: services from package registries, the tests, everything ended again. Exits non-zero when anything is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/provision.sh"
"$here/services.sh" down
trap '"$here/services.sh" down' EXIT
# One file for the environment, since a service that stays in the background would keep a pipe open.
environment=$(mktemp)
"$here/services.sh" up > "$environment"
. "$environment"
rm -f "$environment"
cd "$here/../.."
# The soak drives the program as it ships.
soak() {
  cargo build --release --quiet
  CONSIGN_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/consign" cargo test --features libssh2 --test soak -- --nocapture
}
# `run.sh soak MINUTES` is the soak alone; otherwise a short one comes after the suite.
if [ "${1:-}" = soak ]; then
  CONSIGN_SOAK_SECONDS=$((${2:-20} * 60)) soak
  exit
fi
cargo test --features libssh2 --test live -- --test-threads 2 "$@"
[ $# -gt 0 ] || soak
