#!/bin/sh
# A program that was built with the frozen headers of 0.1, and linked with a library that exported what they declare, runs
# right with today's library.
# usage: older.sh SOURCE_ROOT LIBRARY COMPILER...
set -eu
source=$1 library=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
headers=$source/tests/abi/headers-0.1
# What such a library showed to the linker: its functions, all under the version of 0.1.
sed -n 's/^SPEEDUP_API .*[ *]\(speedup_[a-z_]*\)(.*/void \1(void); void \1(void) {}/p' "$headers"/speedup/*.h >"$work/old.c"
printf 'SPEEDUP_0.1 { global: speedup_*; local: *; };\n' >"$work/old.map"
"$@" -shared -fPIC -Wl,--version-script="$work/old.map" -Wl,-soname,libspeedup.so.0 "$work/old.c" -o "$work/libspeedup.so"
"$@" -std=c11 -D_POSIX_C_SOURCE=200809L -I"$headers" "$source/tests/abi/border.c" -o "$work/border" -L"$work" -lspeedup -lm
mkdir "$work/today"
ln -s "$library" "$work/today/libspeedup.so.0"
LD_LIBRARY_PATH=$work/today "$work/border"
