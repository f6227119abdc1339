#!/bin/sh
# Makes an archive of one object that shows the public functions alone.
# usage: archive.sh OUTPUT.a INPUT.a SCRATCH_DIR COMPILER...
# OBJCOPY and AR, or those that the compiler names, must know the compiler's target.
set -eu
output=$1 input=$2 scratch=$3
shift 3
tool() { # the compiler's own, which of a cross compiler is that of its target
    found=$("$@" 2>/dev/null) || found=
    [ -n "$found" ] && command -v "$found"
}
objcopy=${OBJCOPY:-$(tool "$@" -print-prog-name=objcopy || echo objcopy)}
ar=${AR:-$(tool "$@" -print-prog-name=ar || echo ar)}
mkdir -p "$scratch"
"$@" -r -nostdlib -o "$scratch/speedup.o" -Wl,--whole-archive "$input" -Wl,--no-whole-archive
if command -v "$objcopy" >/dev/null; then
    "$objcopy" --localize-hidden "$scratch/speedup.o"
else
    echo "archive: no objcopy: the archive shows internal names too" >&2
fi
rm -f "$output"
"$ar" rcsD "$output" "$scratch/speedup.o"
