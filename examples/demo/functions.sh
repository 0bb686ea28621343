# shellcheck shell=sh
# Sourced by the demos, in the root of the checkout. What it starts ends, and
# what it writes goes, however the demo ends.

. internal/tools/terraform-env.sh

started=$(date +%s)
work=
tenant=

clean_up() {
	status=$?
	trap - EXIT INT TERM HUP
	if [ -n "$tenant" ]; then
		kill "$tenant" 2>/dev/null || :
		wait "$tenant" 2>/dev/null || :
	fi
	[ -z "$work" ] || rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

bold='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') green=$(printf '\033[32m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

title() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }
good() { printf '%s✓ %s%s\n' "$green" "$*" "$plain"; }
fail() {
	printf '\n%sThe demo failed: %s%s\n' "$red" "$*" "$plain" >&2
	if [ -s "$work/tenant.log" ]; then
		printf 'The tenant said:\n' >&2
		tail -n 20 "$work/tenant.log" >&2
	fi
	exit 1
}
# run shows a command line and runs exactly that line.
run() {
	printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
	eval "$1" || fail "'$1' ended with exit code $?"
}

# prepare FILE... builds the provider and the tenant into a temporary folder,
# copies the files there and goes there. It sets $terraform.
prepare() {
	title "Preparing"
	cli=$(internal/tools/terraform-cli.sh)
	clear_terraform_env
	clear_provider_env
	export TF_IN_AUTOMATION=1
	[ -n "$bold" ] || export TF_CLI_ARGS=-no-color

	work=$(mktemp -d)
	mkdir "$work/bin"
	say "Building the provider and the simulated tenant ..."
	CGO_ENABLED=0 go build -trimpath -o "$work/terraform-provider-intune" . || fail "the provider does not build"
	CGO_ENABLED=0 go build -trimpath -o "$work/bin/graphsim" ./internal/graphsim/cmd/graphsim || fail "the simulated tenant does not build"
	install_into_mirror "$work/terraform-provider-intune" 0.0.1 "$work/mirror"
	use_mirror "$work/mirror" "$work/terraform.rc"
	ln -s "$cli" "$work/bin/"
	terraform=$(basename "$cli")
	PATH=$work/bin:$PATH

	cp "$@" "$work/"
	cd "$work" || exit
	# As in a repository that people work in, there is a lock file already.
	$terraform providers lock -fs-mirror="$work/mirror" >init.log 2>&1 || fail "$(cat init.log)"
	say "Using $($terraform version | head -n 1), in a temporary folder that goes when the demo ends."
}

# start_tenant PROFILE starts the tenant and loads the settings that lead to it.
start_tenant() {
	serve="graphsim serve -profile $1 -listen 127.0.0.1:0 -ca-out ca.pem -env-out tenant.env -quiet"
	printf '\n%s$ %s &%s\n' "$bold" "$serve" "$plain"
	$serve >tenant.log 2>&1 &
	tenant=$!
	waited=0
	while [ ! -e tenant.env ]; do
		kill -0 "$tenant" 2>/dev/null || fail "the tenant stopped before it was ready"
		[ "$waited" -lt 200 ] || fail "the tenant was not ready after 20 seconds"
		sleep 0.1
		waited=$((waited + 1))
	done
	say "It wrote the settings that lead the provider to it:"
	run ". ./tenant.env"
	sed -nE 's/^export ([A-Z_]*SECRET[A-Z_]*)=.*/  \1=(hidden)/p; t
s/^export ([A-Z_]+=.*)/  \1/p' tenant.env
}

# took prints how long the demo has been running.
took() { echo $(($(date +%s) - started)); }
