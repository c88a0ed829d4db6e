#!/usr/bin/env bash
# Plays the Mini App's scenes in Chromium on a real server and the sandbox, looks for barriers in every screen,
# and prints a line for each. Exits 1 if any fails.
#
#   check.sh [SCENE...]         all of it; with words, only the scenes with one of them in their name
#   check.sh --barriers [STATE...]  the look for barriers alone
#   check.sh --screens          makes the pictures in docs/screens anew
#   check.sh --figures          measures on a slowed processor and prints a table; nothing is judged
#
# SCENES_KEEP=FOLDER keeps what failed scenes looked like. Builds what it needs, works in a temporary folder on
# free ports, ends what it started.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../stage/common.sh"
mode=scenes
case ${1:-} in
  --barriers | --screens | --figures) mode=${1#--}; shift ;;
  -*) echo "unknown option $1" >&2; exit 2 ;;
esac

export CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
[ -x "$CHROMIUM" ] || { echo "chromium is missing. Install it: apt-get install chromium" >&2; exit 1; }
node_of_today
packages "$here"
binaries=$(programs)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each on a stage of its own: what one leaves behind is nothing to the next.
play() { # SCRIPT, its words
  local stage_folder
  stage_folder=$(mktemp -d -p "$work")
  "$python" "$here/stage.py" "$binaries/key-recycling" "$stage_folder" node "$here/$1" "${@:2}"
}

case $mode in
  scenes)
    failed=0
    play run.mjs "$@" || failed=1
    [ $# -gt 0 ] || play axe.mjs || failed=1
    exit $failed
    ;;
  barriers) play axe.mjs "$@" ;;
  screens) play screens.mjs "$root/docs/screens" "$@" ;;
  figures)
    export KEY_RECYCLING_KEYS_PER_ACCOUNT=2000 KEY_RECYCLING_KEYS_SUBMISSIONS_PER_HOUR=10000
    play figures.mjs
    ;;
esac
