#!/bin/sh
# After an install, called by Meson: lets the loader know of the library where that may be; says what will not be found, and
# what helps.
# usage: installed.sh LIBDIR BINDIR PYTHON FOLDER_OF_THE_PACKAGE
set -eu
libdir=$1 bindir=$2 python=$3 packages=$4
PATH=$PATH:/usr/sbin:/sbin

if [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null; then
    ldconfig
fi

missing=
needs() { # VARIABLE FOLDER VALUE: that the variable names the folder
    missing="$missing
  export $1=$2\${$1:+:\$$1}"
}
has() { # LIST FOLDER
    case ":$1:" in *":$2:"*) ;; *) return 1 ;; esac
}
has "$PATH" "$bindir" || needs PATH "$bindir"
# The loader is asked by itself: make puts the build directory before what the user has.
has "${LD_LIBRARY_PATH-}" "$libdir" || [ ! -f "$libdir/libspeedup.so" ] ||
    env -u LD_LIBRARY_PATH "$python" -I -c 'import ctypes; ctypes.CDLL("libspeedup.so.0")' 2>/dev/null || needs LD_LIBRARY_PATH "$libdir"
[ "$(pkg-config --variable=pcfiledir speedup 2>/dev/null)" = "$libdir/pkgconfig" ] || needs PKG_CONFIG_PATH "$libdir/pkgconfig"
"$python" -c 'import sys; sys.exit(sys.argv[1] not in sys.path)' "$packages" || needs PYTHONPATH "$packages"

# Meson shows nothing of what its scripts print: make reads it.
{
    echo "installed; the Python package is in $packages"
    [ -z "$missing" ] || echo "What is not found by itself in these folders is found after:$missing"
} >"$MESON_BUILD_ROOT/installed.txt"
