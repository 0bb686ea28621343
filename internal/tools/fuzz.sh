#!/bin/sh
# Runs every fuzz target of the module for the time given, 30s by default. An
# input that fails is written to the package's testdata/fuzz: commit it.
set -eu

cd "$(dirname "$0")/../.."
time=${1:-30s}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for folder in $(git grep -l --untracked '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u); do
	for target in $(go test -list '^Fuzz' "./$folder" | grep '^Fuzz'); do
		echo "== $target in $folder, $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$folder" >"$log" 2>&1 && tail -n 1 "$log" && continue
		# Go may report the end of the fuzzing time itself as a failure. A
		# failure of the code under test always leaves an input behind.
		if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
			echo "ok, and stopped in the middle of an input"
			continue
		fi
		cat "$log"
		exit 1
	done
done
