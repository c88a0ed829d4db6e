#!/usr/bin/env bash
# Sets outside judges on a real server, and prints one line for each. Exits 1 if any is against it.
#
#   check.sh [--cases N] [--seed TEXT] [--database postgres://…] [JUDGE...]
#
# Judges: audit schema apollo urql request ws codegen logins examples fuzz (default: all).
# N is how many requests the fuzz makes as each caller (default: 300), TEXT what it draws from
# (default: another one each time, printed). Without a database, which has to be empty, SQLite is
# used. Builds what it needs, works in a temporary folder on free ports, ends what it started. The
# packages of node are installed beside this file and beside the examples, those of Python below target.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../stage/common.sh"
database= fuzz=() judges=()
while [ $# -gt 0 ]; do
  case $1 in
    --cases | --seed) fuzz+=("$1" "${2:?$1 wants a value}"); shift 2 ;;
    --database) database=${2:?--database wants an address}; shift 2 ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) judges+=("$1"); shift ;;
  esac
done
[ ${#judges[@]} -gt 0 ] || judges=(audit schema apollo urql request ws codegen logins examples fuzz)

node_of_today
packages "$here"

commands=()
for judge in "${judges[@]}"; do
  case $judge in
    audit | schema) commands+=("node '$here/$judge.mjs'") ;;
    apollo | urql | request | ws) commands+=("node '$here/clients/$judge.mjs'") ;;
    codegen) commands+=("node '$here/codegen/check.mjs'") ;;
    logins)
      environment "$root/target/judges" "$here/requirements.txt"
      export JUDGES_PYTHON=$root/target/judges/bin/python
      commands+=("node '$here/logins.mjs'")
      ;;
    examples)
      for program in curl jq; do
        command -v $program >/dev/null || { echo "$program is missing. Install it: apt-get install $program" >&2; exit 1; }
      done
      packages "$root/examples"
      environment "$root/target/examples" "$root/examples/requirements.txt"
      export EXAMPLES_PYTHON=$root/target/examples/bin/python
      commands+=("node '$here/examples.mjs'")
      ;;
    fuzz) commands+=("node '$here/fuzz/run.mjs' ${fuzz[*]}") ;;
    *) echo "no such judge: $judge" >&2; exit 2 ;;
  esac
done

binaries=$(programs)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && node --test compatibility.test.mjs >"$work/tests" 2>&1) || { cat "$work/tests" >&2; exit 1; }
"$python" "$here/stage.py" "$binaries/key-recycling" "$work" "$database" "${commands[@]}"
