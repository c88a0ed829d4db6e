# What the scripts share that set outsiders on the real programs. Sourced, under `set -euo pipefail`.
#
# Python finds server.py beside this file, which starts the sandbox and the server.

stage=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$stage/../.." && pwd)
python=${PYTHON:-python3}
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$stage

# Builds every program, and tells the folder they are in.
programs() {
  (cd "$root" && cargo build --quiet --workspace --bins >&2)
  echo "${CARGO_TARGET_DIR:-$root/target}/debug"
}

# Makes a Python environment. It is whole once it holds a copy of its requirements.
environment() { # FOLDER, REQUIREMENTS
  cmp -s "$2" "$1/requirements.txt" && return
  "$python" -m venv --clear "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
  cp "$2" "$1/requirements.txt"
}
