#!/bin/sh
# Removes the files of a list, what Python compiled of them, and the folders of the list that are empty then.
# usage: uninstall.sh LIST
set -eu
list=$1
PATH=$PATH:/usr/sbin:/sbin
[ -f "$list" ] || { echo "uninstall: nothing was installed there from this build directory" >&2; exit 1; }
sort -ru "$list" | while IFS= read -r path; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then
        rmdir "$path" 2>/dev/null || true
        continue
    fi
    rm -f "$path"
    case $path in
    *.py)
        name=${path##*/}
        rm -f "${path%/*}/__pycache__/${name%.py}".*.pyc
        rmdir "${path%/*}/__pycache__" 2>/dev/null || true
        ;;
    esac
done
rm "$list"
if [ "$(id -u)" = 0 ] && [ -z "${DESTDIR-}" ] && command -v ldconfig >/dev/null; then
    ldconfig
fi
