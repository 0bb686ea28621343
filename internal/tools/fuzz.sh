#!/bin/sh
# Runs every fuzz target of the module for the time given, 30s by default. An
# input that fails is written to the package's testdata/fuzz: commit it.
set -eu

cd "$(dirname "$0")/../.."
time=${1:-30s}

for folder in $(git grep -l --untracked '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u); do
	for target in $(go test -list '^Fuzz' "./$folder" | grep '^Fuzz'); do
		echo "== $target in $folder, $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$folder"
	done
done
