#!/bin/sh
# check.sh must refuse a stripped library: abidiff would call it the same.
# usage: stripped.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ "$(uname -m)" = x86_64 ] || exit 77
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
strip -o "$copy/libspeedup.so" "$1/libspeedup.so"
if said=$("$here/check.sh" "$copy" 2>&1); then
    echo "a stripped library passed" >&2
    exit 1
fi
echo "$said" | grep 'stripped'
