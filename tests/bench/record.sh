#!/bin/sh
# Keeps a result of the benchmark in the tree: tests/bench/results/VERSION-MACHINE.txt
# usage: record.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
examples=$here/../../examples
out=$("$build/tests/bench/bench" "$examples/llama-65b-training.yaml" "$examples/llama-70b-serving.yaml" "$examples/plan-gpt3-175b.yaml" \
    "$build/tests/bench/libspeedup-stripped.so")
version=$(echo "$out" | sed -n 's/^libspeedup //p')
file=$here/results/$version-$(uname -m).txt
{
    echo "$(date -u +%Y-%m-%d), ${cpu:-unknown processor}, $(gcc --version | head -n 1)"
    echo "$out"
} | tee "$file"
