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
. examples/demo/functions.sh

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

prepare examples/demo/main.tf examples/demo/devices.csv

title "1. A tenant to work on"
say "It speaks Microsoft Graph and Microsoft Entra ID on this machine only, and behaves as"
say "$behaviour (profile $profile)."
start_tenant "$profile"

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
good "Done in $(took) s. The tenant is stopped and the temporary folder removed."
say "Next: 'make sim' keeps a simulated tenant running for your own configuration."
