#!/usr/bin/env bash
# Lets each vendor client get one solve, and prints one line per client. Exits 1 if any failed.
#
#   run.sh --target direct  --sandbox BINARY   [--venvs DIR] [CLIENT...]
#   run.sh --target gateway --targets FILE     [--venvs DIR] [CLIENT...]
#
# direct starts the sandbox binary on free ports, makes keys, and checks its books at the end.
# gateway goes wherever FILE says; its form, and the lease each client needs, is told in solve.py.
# The clients' environments are made once below DIR (default: target/clients).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../stage/common.sh"
venvs=$root/target/clients
target= sandbox= targets=
clients=()

while [ $# -gt 0 ]; do
  case $1 in
    --target | --sandbox | --targets | --venvs)
      [ $# -ge 2 ] || { echo "$1 wants a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) clients+=("$1"); shift ;;
  esac
done
[ ${#clients[@]} -gt 0 ] || clients=(2captcha-python capsolver python-anticaptcha capmonstercloudclient pymultibot unicaptcha)

work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

case $target in
  direct)
    [ -x "$sandbox" ] || { echo "--target direct wants --sandbox BINARY" >&2; exit 2; }
    "$sandbox" --listen 127.0.0.1:0 --tls-authority "$work/authority.pem" --log warn >"$work/addresses.json" &
    server=$!
    for _ in $(seq 100); do
      [ -s "$work/addresses.json" ] && break
      sleep 0.1
    done
    targets=$work/targets.json
    "$python" "$here/direct.py" keys "$work/addresses.json" "$work/authority.pem" "$targets"
    ;;
  gateway)
    [ -r "$targets" ] || { echo "--target gateway wants --targets FILE" >&2; exit 2; }
    ;;
  *) echo "--target is direct or gateway" >&2; exit 2 ;;
esac

mkdir -p "$venvs"
failed=0
for client in "${clients[@]}"; do
  group=common
  [ "$client" = capmonstercloudclient ] && group=capmonster
  environment "$venvs/$group" "$here/requirements-$group.txt"
  if TMPDIR=$work timeout 120 "$venvs/$group/bin/python" "$here/solve.py" "$client" "$targets" \
    >"$work/output" 2>&1; then
    printf '%-22s ok\n' "$client"
  else
    failed=1
    printf '%-22s FAILED: %s\n' "$client" "$(tail -n 1 "$work/output")"
  fi
done

if [ "$target" = direct ] && [ $failed = 0 ] && [ ${#clients[@]} = 6 ]; then
  "$python" "$here/direct.py" books "$work/addresses.json" "$targets"
fi
exit $failed
