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
target=${CARGO_TARGET_DIR:-$PWD/target}
# The soak drives the program with the features of what ships.
soak() {
  CONSIGN_BINARY="$target/$1/consign" cargo test --features libssh2 --test soak -- --nocapture
}
# `run.sh soak MINUTES` is the soak alone; otherwise a short one comes after the suite.
if [ "${1:-}" = soak ]; then
  cargo build --release --quiet
  CONSIGN_SOAK_SECONDS=$((${2:-20} * 60)) soak release
  exit
fi
cargo test --features libssh2 --test live -- --test-threads 2 "$@"
if [ $# -eq 0 ]; then
  # In a folder of its own: the tests' program, which has failpoints, would take its place and be built again.
  cargo build --quiet
  mkdir -p "$target/shipped" && cp "$target/debug/consign" "$target/shipped/consign"
  soak shipped
fi
