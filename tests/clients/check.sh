#!/usr/bin/env bash
# Proves that unmodified vendor clients get a solve from the sandbox, and the same through the gateway.
#
#   check.sh [--venvs DIR]
#
# Builds what it needs, works in temporary folders on free ports, ends what it started, and prints
# one line per client. Exits 1 if any failed. The clients' environments are made once below DIR
# (default: target/clients).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../stage/common.sh"
venvs=$root/target/clients
case "${1:-}" in
  '') ;;
  --venvs) venvs=${2:?--venvs wants a folder} ;;
  *) echo "unknown option $1" >&2; exit 2 ;;
esac
command -v openssl >/dev/null || { echo "openssl is missing. Install it: apt-get install openssl" >&2; exit 1; }

binaries=$(programs)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "straight to the sandbox:"
"$here/run.sh" --target direct --sandbox "$binaries/sandbox" --venvs "$venvs"
echo "through the gateway:"
# The one client that insists on https must be able to tell this server from any other.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=gateway under test" \
  -addext "subjectAltName=IP:127.0.0.1" -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
"$python" "$here/gateway.py" "$binaries/key-recycling" "$work" "$venvs"
