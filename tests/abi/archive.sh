#!/bin/sh
# The archive defines no global name without the prefix: it would clash with one of the program's.
# usage: archive.sh NM ARCHIVE
set -eu
names=$("$1" -g --defined-only "$2" | awk 'NF == 3 { print $3 }')
echo "$names" | grep -q '^speedup_version$' || { echo "archive: no functions seen in $2" >&2; exit 1; }
if echo "$names" | grep -v '^speedup_'; then
    echo "archive: global names without the prefix" >&2
    exit 1
fi
