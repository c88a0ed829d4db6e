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

# Sees to npm, and to a node that is new enough: where there is an older one, as on Debian 12, its own package
# brings another below target/.
node_of_today() {
  for program in node npm; do
    command -v $program >/dev/null || { echo "$program is missing. Install it: apt-get install nodejs npm" >&2; exit 1; }
  done
  [ "$(node --print 'parseInt(process.versions.node)')" -lt 20 ] || return 0
  [ -x "$root/target/node/node_modules/.bin/node" ] ||
    npm install --silent --no-save --prefix "$root/target/node" node@22
  PATH=$root/target/node/node_modules/.bin:$PATH
}

# Installs a folder's packages of node. They are whole once the lock they were installed by lies among them.
packages() { # FOLDER
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-by" && return
  (cd "$1" && npm ci --silent)
  cp "$1/package-lock.json" "$1/node_modules/.installed-by"
}
