#!/bin/sh
# A program that was built with today's headers runs right with a library whose every public struct has one more field.
# usage: grown.sh SOURCE_ROOT BUILTIN_DATA.c COMPILER...
set -eu
source=$1 data=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/include/speedup" "$work/lib" "$work/objects"
cp "$source"/include/speedup/* "$work/include/speedup/"
# A field behind those of today in each struct that begins with its size.
for header in "$work"/include/speedup/*.h; do
    sed -i '/^typedef struct speedup_[a-z]* {$/,/^} /s/^}/    double grown; uint64_t grown_more;\n}/' "$header"
done
structs=$(grep -h '^    size_t struct_size;' "$source"/include/speedup/*.h | wc -l)
grown=$(grep -h '^    double grown;' "$work"/include/speedup/*.h | wc -l)
[ "$structs" = "$grown" ] || { echo "grown: $grown of $structs structs have grown" >&2; exit 1; }
flags="-std=c11 -O0 -fPIC -fvisibility=hidden -ffp-contract=off -D_POSIX_C_SOURCE=200809L -w -Wno-psabi"
export flags work source
# shellcheck disable=SC2016,SC2086 # words of the command, in a shell of its own
find "$source/lib" -name '*.c' | sort | tr '\n' '\0' |
    xargs -0 -P 2 -I {} sh -c 'file=$1; shift; exec "$@" $flags -I"$work/include" -I"$source/lib" -c "$file" \
        -o "$work/objects/$(echo "$file" | tr / _).o"' sh {} "$@"
# shellcheck disable=SC2086
"$@" $flags -c "$data" -o "$work/objects/data.o"
"$@" -shared -Wl,--version-script="$source/lib/speedup.map" -Wl,-soname,libspeedup.so.0 "$work"/objects/*.o \
    -o "$work/libspeedup.so.0" -lyaml -lm -lpthread
ln -s libspeedup.so.0 "$work/libspeedup.so"
# Were the library's own structs not longer, this would show nothing: with the grown headers the program sees them too.
for include in "$source/include" "$work/include"; do
    "$@" -std=c11 -D_POSIX_C_SOURCE=200809L -I"$include" "$source/tests/abi/border.c" -o "$work/border" -L"$work" -lspeedup -lm
    LD_LIBRARY_PATH=$work "$work/border"
done
# And the other way round: a program of the longer structs with a library of today's, if one is given.
if [ -n "${SPEEDUP_TODAY-}" ]; then
    mkdir "$work/today"
    ln -s "$SPEEDUP_TODAY" "$work/today/libspeedup.so.0"
    LD_LIBRARY_PATH=$work/today "$work/border"
fi
