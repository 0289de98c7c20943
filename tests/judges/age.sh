#!/usr/bin/env bash
# Judges exported copies with the age of the distribution, which shares no code with Forewarn.
#
#   age.sh FOLDER IDENTITY
#
# FOLDER holds `manifest.json` and the sealed copies it names; IDENTITY is the key file they are sealed to. Every
# sealed copy must have the hash that the manifest gives and open to bytes with the other hash it gives. So that
# the judge can say no, it also requires that another key, a changed byte and a missing end are refused.
#
# Debian: apt-get install age python3
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "usage: age.sh FOLDER IDENTITY" >&2
  exit 2
fi
folder=$1
identity=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "REJECTED: $1" >&2
  exit 1
}

hash_of() { sha256sum "$1" | cut -d ' ' -f 1; }
# Through standard output: for an empty plaintext age creates no output file.
opens() { age --decrypt --identity "$1" "$2" >"$work/plain" 2>"$work/error"; }

# One line for each copy: sealed name, its hash, the opened copy's hash. Names hold no white space.
python3 - "$folder/manifest.json" >"$work/list" <<'PYTHON'
import json, sys
for copy in json.load(open(sys.argv[1]))["copies"]:
    print(copy["sealed_file"], copy["sealed_sha256"], copy["sha256"])
PYTHON
[ -s "$work/list" ] || fail "the manifest names no copy"
age-keygen --output "$work/other" 2>/dev/null

count=0
while read -r name sealed plain; do
  file=$folder/$name
  [ -f "$file" ] || fail "$name is missing"
  [ "$(hash_of "$file")" = "$sealed" ] || fail "$name is not the sealed copy of the manifest"
  opens "$identity" "$file" || fail "$name does not open: $(cat "$work/error")"
  [ "$(hash_of "$work/plain")" = "$plain" ] || fail "$name opens to other bytes than the manifest says"
  if opens "$work/other" "$file"; then fail "$name opens with a key it is not sealed to"; fi
  head -c -1 "$file" >"$work/cut"
  if opens "$identity" "$work/cut"; then fail "$name opens although its end is missing"; fi
  { head -c -1 "$file"; tail -c 1 "$file" | tr '\000-\377' '\001-\377\000'; } >"$work/changed"
  if opens "$identity" "$work/changed"; then fail "$name opens although its last byte was changed"; fi
  count=$((count + 1))
done <"$work/list"
echo "ok: $count copies"
