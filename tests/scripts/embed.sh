#!/bin/sh
# A file that comes into data/, changes there or leaves it makes the library's data anew, by ninja alone.
# usage: embed.sh EMBED NINJA
set -eu
embed=$(realpath "$1") ninja=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/da ta/below"
cd "$work"
cat >build.ninja <<END
rule embed
  command = $embed \$out \$out.d 'da ta'
  depfile = \$out.d
  deps = gcc
build data.c: embed
END
is() { # what is said, and how many files the data then has
    said=$("$ninja" -d explain 2>&1)
    grep -q "builtin_files = $2," data.c || { echo "$1: there are not $2 files; ninja: $said" >&2; exit 1; }
}
# The clock of files is finer than a second, but not so fine that two steps of this script can't fall together.
tick() { sleep 0.02; }

echo 'a: 1' >"da ta/a.yaml"
is "at first" 1
tick; echo 'b: 2' >"da ta/below/b.yaml"; is "a new file" 2
tick; mkdir "da ta/new"; is "a new folder" 2
tick; echo 'c: 3' >"da ta/new/c.yaml"; is "a file of a new folder" 3
tick; echo 'no' >"da ta/new/notes.txt"; is "a file that is none" 3
tick; rm "da ta/below/b.yaml"; is "a file that left" 2
before=$(cksum <data.c)
tick; echo 'a: 10' >"da ta/a.yaml"; is "a file that changed" 2
[ "$before" != "$(cksum <data.c)" ] || { echo "a file that changed: the data is the same" >&2; exit 1; }
"$ninja" | grep -q 'no work to do' || { echo "there is work without a change" >&2; exit 1; }
