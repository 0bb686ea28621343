#!/bin/sh
# Shows the provider at work on a simulated tenant: "make demo". Every command
# is printed before it runs. Nothing leaves the machine, nothing stays on it.
#
# Usage: demo.sh [field|documented]
#   field       the tenant behaves as live tenants were observed to (default)
#   documented  the tenant behaves as the Microsoft Graph reference says
set -eu

profile=${1:-field}
cd "$(dirname "$0")/../.."
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

case $profile in
field)
	behaviour='live tenants were observed to'
	stored='As live tenants do, it upper-cased two identifiers, dropped their punctuation, and ignored
the platforms. Terraform keeps your spelling and still agrees with it: nothing to do.'
	requests='The tenant refused the documented create (1 POST) and update (1 PATCH). The provider
noticed, and went on with the import action for the rest.'
	;;
documented)
	behaviour='the Microsoft Graph reference says'
	stored='It kept everything as it was sent. Terraform agrees: nothing to do.'
	requests='The tenant took the documented create and update requests.'
	;;
*) fail "there is no profile '$profile'; choose field or documented" ;;
esac

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

cp examples/demo/main.tf examples/demo/devices.csv "$work/"
cd "$work"
# As in a repository that people work in, there is a lock file already.
$terraform providers lock -fs-mirror="$work/mirror" >init.log 2>&1 || fail "$(cat init.log)"
say "Using $($terraform version | head -n 1), in a temporary folder that goes when the demo ends."

title "1. A tenant to work on"
say "It speaks Microsoft Graph and Microsoft Entra ID on this machine only, and behaves as"
say "$behaviour (profile $profile)."
serve="graphsim serve -profile $profile -listen 127.0.0.1:0 -ca-out ca.pem -env-out tenant.env -quiet"
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

title "2. The devices, and their registration"
say "devices.csv lists them; main.tf registers every line of it."
run "cat devices.csv"
run "$terraform init"
run "$terraform apply -auto-approve"

title "3. What the tenant holds now"
run "graphsim identities"
say ""
say "$stored"
run "$terraform plan -detailed-exitcode"
good "The plan is empty."

title "4. A new description"
say "One line of devices.csv changes; the device is updated in place."
run "cp devices.csv before.csv"
run "sed 's/iPad in the lobby/iPad in meeting room 1/' before.csv >devices.csv"
run "diff before.csv devices.csv || true"
run "$terraform apply -auto-approve"

title "5. The tenant changes a device"
say "Somebody enrols the MacBook. Its enrollment state now belongs to Intune ..."
run "graphsim enroll serialNumber/C02ZK1X8MD6T macOS"
run "graphsim identities"
say ""
say "... and Terraform does not fight over it: the plan stays empty."
run "$terraform plan -detailed-exitcode"
good "The plan is empty."

title "6. Destroy"
say "Only what Terraform registered goes; here that is everything."
run "$terraform destroy -auto-approve"
run "graphsim identities"
graphsim identities | grep -q 'holds no identities' || fail "the tenant still holds identities"
good "The tenant is empty."

title "Summary"
say "The requests that all of this took, by route:"
run "graphsim requests"
say ""
say "$requests"
good "Done in $(($(date +%s) - started)) s. The tenant is stopped and the temporary folder removed."
say "Next: 'make sim' keeps a simulated tenant running for your own configuration."
