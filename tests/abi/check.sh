#!/bin/sh
# Compares the ABI of a built library with the committed reference: any change fails, also an added symbol.
# usage: check.sh [--update] BUILD_DIR
# The reference describes a library with debug information: without it abidiff would compare
# names only, and pass whatever happened to the types. Exit code 77: this build cannot be compared.
set -eu

update=
[ "${1-}" = --update ] && { update=yes; shift; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1
library=$build/libspeedup.so
include=$here/../../include
python=${PYTHON:-/usr/bin/python3}

case $(uname -m) in
x86_64) ;;
*) echo "abi: the reference is of x86_64"; exit 77 ;;
esac
[ -e "$library" ] || { echo "abi: $library is not built" >&2; exit 1; }
if ! readelf --sections --wide "$library" | grep -q '\.debug_info'; then
    echo "abi: $library is stripped or built without -g; build with -Dbuildtype=debugoptimized" >&2
    exit 1
fi

now=$(mktemp -d)
trap 'rm -rf "$now"' EXIT
abidw --exported-interfaces-only --drop-private-types --suppressions "$here/private.ini" --no-show-locs \
    --no-corpus-path --no-comp-dir-path --out-file "$now/raw.abi" "$library"
sed "s|path='[^']*/lib/|path='lib/|" "$now/raw.abi" >"$now/libspeedup.abi"
grep -q '<function-decl' "$now/libspeedup.abi" || { echo "abi: no functions seen in $library" >&2; exit 1; }
# No function mentions the constants' enums, so that abidw does not see them.
"$python" "$here/constants.py" gcc "$include" >"$now/constants.txt"

if [ "$update" ]; then
    cp "$now/libspeedup.abi" "$now/constants.txt" "$here/"
    echo "abi: the reference is now that of $library"
    exit 0
fi

# abidiff's exit code has bits: 4 for any change, also a compatible one.
result=0
abidiff --no-show-locs "$here/libspeedup.abi" "$now/libspeedup.abi" || result=1
diff -u "$here/constants.txt" "$now/constants.txt" || result=1
[ $result = 0 ] || echo "abi: changed; if that is meant, 'make abi-update' and say so in CHANGELOG.md" >&2
exit $result
