#!/bin/sh
# Installs the Debian packages that a job needs and that are missing.
# usage: tools/setup.sh build|test|ci
# The only list of packages. Without root and without sudo it installs nothing and says what is missing.
set -eu

build="gcc libc6-dev libyaml-dev meson ninja-build pkg-config python3"
test="$build abigail-tools binutils g++ libcminpack-dev libcmocka-dev locales python3-numpy python3-pytest"
ci="$test clang cmake cppcheck debhelper debootstrap dh-python doxygen dpkg-dev gcc-aarch64-linux-gnu gcovr libclang-rt-14-dev libc6-dev-arm64-cross libopenmpi-dev
    lintian llvm-14 musl-tools mypy openmpi-bin python3-pip python3-setuptools python3-venv python3-wheel qemu-user-static valgrind"

case "${1-}" in
build) wanted=$build ;;
test) wanted=$test ;;
ci) wanted=$ci ;;
*) echo "usage: $0 build|test|ci" >&2; exit 2 ;;
esac

# Elsewhere than on Debian, what is missing shows when it is called.
command -v dpkg-query >/dev/null || exit 0

missing=
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    echo "setup: missing packages; run: apt-get install$missing" >&2
    exit 1
fi

echo "==> installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    # shellcheck disable=SC2086 # a list of words
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing >"$log" 2>&1 </dev/null
}
# A list of packages may be missing or old: fetch it, and let the install judge.
$root apt-get update -qq >"$log" 2>&1 || true
install || { cat "$log" >&2; exit 1; }
