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
cargo test --features libssh2 --test live -- --test-threads 2 "$@"
