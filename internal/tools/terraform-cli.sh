#!/bin/sh
# Prints the path of a Terraform or OpenTofu CLI, and obtains one if the
# machine has none. What it does is told on stderr. In this order:
#
#   1. $TF_ACC_TERRAFORM_PATH, then $TERRAFORM, when set
#   2. terraform on PATH, then tofu on PATH
#   3. what an earlier run obtained, in .cache/
#   4. Terraform, downloaded by hc-install into .cache/
#   5. OpenTofu, built from its Go module into .cache/ (minutes, once)
#
# With the argument "opentofu": tofu on PATH, in .cache/, or built.
set -eu

terraform_version=1.11.4

cd "$(dirname "$0")/../.."
root=$PWD
exe=$(go env GOEXE)
tofu_version=$(sed -n 's|^.*github.com/opentofu/opentofu v\([^ ]*\).*$|\1|p' internal/tools/opentofu/go.mod)
terraform_dir=$root/.cache/terraform-$terraform_version
tofu_dir=$root/.cache/opentofu-$tofu_version
partial=

say() { echo "terraform-cli: $*" >&2; }

trap '[ -z "$partial" ] || rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# runs PATH tells whether PATH is a CLI that starts: a version manager's shim
# is on PATH even when it has no version to run.
runs() { TF_LOG='' TF_CLI_ARGS='' TF_CLI_CONFIG_FILE='' CHECKPOINT_DISABLE=1 "$1" version >/dev/null 2>&1; }

# The last step of obtaining one: a half-finished download or build never gets
# the name that later runs look for.
keep() {
	chmod +x "$partial"/*
	rm -rf "$1"
	mv "$partial" "$1"
	partial=
}

case ${1:-any} in
any)
	names='terraform tofu'
	for chosen in "${TF_ACC_TERRAFORM_PATH:-}" "${TERRAFORM:-}"; do
		[ -n "$chosen" ] || continue
		path=$(command -v "$chosen") && runs "$path" && echo "$path" && exit
		say "cannot run '$chosen', which TF_ACC_TERRAFORM_PATH or TERRAFORM names"
		exit 1
	done
	;;
opentofu)
	names=tofu
	;;
*)
	say "there is no CLI '$1'; write opentofu, or nothing"
	exit 1
	;;
esac

for name in $names; do
	path=$(command -v "$name") && runs "$path" && echo "$path" && exit
done

set -- "$tofu_dir/tofu$exe"
[ "$names" = tofu ] || set -- "$terraform_dir/terraform$exe" "$@"
for path in "$@"; do
	[ -x "$path" ] && runs "$path" && echo "$path" && exit
done

mkdir -p .cache
partial=$(mktemp -d "$root/.cache/partial.XXXXXX")

if [ "$names" != tofu ]; then
	say "neither terraform nor tofu is on PATH: obtaining Terraform $terraform_version with hc-install"
	if go tool -modfile=internal/tools/go.mod hc-install install -version "$terraform_version" -path "$partial" terraform >&2 &&
		runs "$partial/terraform$exe"; then
		keep "$terraform_dir"
		echo "$terraform_dir/terraform$exe"
		exit
	fi
	say "that did not work"
fi

say "building OpenTofu $tofu_version from its Go module"
say "this takes three to eight minutes on two cores, once; later runs find it in .cache/"
started=$(date +%s)
(cd internal/tools/opentofu && CGO_ENABLED=0 GOFLAGS="-buildvcs=false" go build -trimpath \
	-ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" \
	-o "$partial/tofu$exe" github.com/opentofu/opentofu/cmd/tofu) >&2
runs "$partial/tofu$exe" || {
	say "the OpenTofu just built does not run; install terraform or tofu and try again"
	exit 1
}
keep "$tofu_dir"
say "built in $(($(date +%s) - started)) s"
echo "$tofu_dir/tofu$exe"
