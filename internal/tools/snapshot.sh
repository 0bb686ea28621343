#!/bin/sh
# Builds the archives of a release for the targets given, into dist/, without
# signing or publishing them. It shows what a release would hold; the version
# names the commit.
set -eu

cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- linux_amd64 windows_arm64

config=$(mktemp)
trap 'rm -f "$config"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# goreleaser builds every target of its configuration or a single one, so it is
# given a configuration with fewer.
awk -v wanted=" $* " '
	/^    targets:/ { print; inside = 1; next }
	inside && /^      - / { if (index(wanted, " " $2 " ")) { print; kept++ } next }
	{ inside = 0; print }
	END { exit kept == split(wanted, parts, " ") ? 0 : 1 }
' .goreleaser.yml >"$config" || {
	echo "snapshot: .goreleaser.yml does not have every target of: $*" >&2
	exit 1
}

go tool -modfile=internal/tools/goreleaser/go.mod goreleaser release --config "$config" \
	--snapshot --clean --skip=sign,sbom,publish
cat dist/*_SHA256SUMS
