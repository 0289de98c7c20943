#!/usr/bin/env bash
# Proves that the judge of tlog can say no: accepts an exported log, then damages copies of it one way at a
# time and requires that each is rejected.
#
#   selftest.sh FOLDER      FOLDER as `cargo run -p tlog --example export -- FOLDER 600` writes it
set -euo pipefail
log=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$work/judge" main.go

accept() { "$work/judge" "$1" "$1/proofs" "$1/older"; }
damaged=0
proofs=0

# reject NAME COMMAND...: runs the command in a fresh copy of the log, which must then be rejected.
reject() {
  local name=$1
  shift
  rm -rf "$work/log"
  cp -r "$log" "$work/log"
  (cd "$work/log" && "$@")
  if accept "$work/log" >"$work/out" 2>&1; then
    echo "selftest: accepted a log with $name: $(cat "$work/out")" >&2
    exit 1
  fi
  damaged=$((damaged + 1))
}

# flip FILE OFFSET: changes the lowest bit of one byte.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  printf "%b" "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

accept "$log"
while IFS= read -r file; do
  # All proofs are of one make; three of them stand for the rest.
  case $file in proofs/*) [ $((proofs += 1)) -le 3 ] || continue ;; esac
  size=$(stat -c %s "$log/$file")
  for at in 0 $((size / 2)) $((size - 2)); do
    reject "byte $at of $file changed" flip "$file" "$at"
  done
  case $file in
    tile/*.p/*) ;; # partial tiles of earlier sizes may be gone
    tile/* | vkey | checkpoint) reject "$file missing" rm "$file" ;;
  esac
done < <(cd "$log" && find . -type f | sed 's|^\./||' | sort)

last=$(find "$log/tile/entries" -type f -path '*.p/*' | sort | tail -n 1)
[ -n "$last" ] || { echo "selftest: give a log whose size is not a multiple of 256" >&2; exit 2; }
reject "its last record dropped" truncate -s -34 "${last#"$log/"}"
reject "the newest records gone" rm "${last#"$log/"}"
reject "a rolled-back checkpoint" cp older/1 checkpoint
reject "a proof under another index" sed -i 's/^index 0$/index 1/' proofs/0.tlog-proof
echo "ok: the judge rejected $damaged damaged logs"
