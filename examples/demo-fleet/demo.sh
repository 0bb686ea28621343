#!/bin/sh
# Shows a fleet of 5,000 devices at work on a simulated tenant: "make
# demo-fleet". Every command is printed before it runs, and after every step the
# requests that it took. Nothing leaves the machine, nothing stays on it.
#
# Usage: demo.sh [field|documented]
#   field       the tenant behaves as live tenants were observed to (default)
#   documented  the tenant behaves as the Microsoft Graph reference says
set -eu

profile=${1:-field}
devices=5000
changed=50
cd "$(dirname "$0")/../.."
. examples/demo/functions.sh

case $profile in
field) behaviour='live tenants were observed to' ;;
documented) behaviour='the Microsoft Graph reference says' ;;
*) fail "there is no profile '$profile'; choose field or documented" ;;
esac

# requests tells what the last step asked of Graph, and forgets it.
requests() {
	say ""
	say "The requests of this step, items of \$batch calls counted one by one as well:"
	graphsim requests | grep -v '/{tenant}/' || fail "the tenant does not answer"
	graphsim reset-requests >/dev/null
}

# held is how many identities the tenant holds.
held() { graphsim identities | grep -c '^serialNumber' || :; }

prepare examples/demo-fleet/main.tf

title "1. A tenant to work on"
say "It speaks Microsoft Graph and Microsoft Entra ID on this machine only, and behaves as"
say "$behaviour (profile $profile)."
start_tenant "$profile"

title "2. A file in the portal's format"
say "$devices devices: identifier,details, without a header."
awk -v n="$devices" 'BEGIN { for (i = 1; i <= n; i++) printf "FLEET%05d,Tablet %d of warehouse %d\n", i, i, 1 + i % 3 }' >devices.csv
run "wc -l devices.csv"
run "head -n 3 devices.csv"

title "3. Registered, as one resource"
say "A plan lists every row, so the output goes into a file."
run "$terraform init >init.log"
run "$terraform apply -auto-approve >apply.log && tail -n 6 apply.log"
run "graphsim identities | head -n 4 | cut -c 1-110"
[ "$(held)" -eq "$devices" ] || fail "the tenant holds $(held) identities"
good "The tenant holds $devices identities."
requests

title "4. Nothing to do"
run "$terraform plan -detailed-exitcode"
good "The plan is empty. A refresh is one list, whatever the size."
requests

title "5. One percent changes"
say "$changed lines of devices.csv get another description."
run "cp devices.csv before.csv"
run "awk '{ print \$0 (NR % 100 == 0 ? \" (repaired)\" : \"\") }' before.csv >devices.csv"
run "diff before.csv devices.csv | head -n 4"
run "$terraform apply -auto-approve >apply.log && grep -E '(->|unchanged elements|Apply complete)' apply.log | tail -n 4"
[ "$(graphsim identities | grep -c '(repaired)')" -eq "$changed" ] || fail "the tenant does not show the new descriptions"
good "The tenant shows the $changed new descriptions. Only these rows were sent."
requests

title "6. The tenant changes a device"
say "Somebody enrols a tablet. Its enrollment state now belongs to Intune, and the plan stays empty."
run "graphsim enroll serialNumber/FLEET00042 ios"
run "$terraform plan -detailed-exitcode"
good "The plan is empty."
requests

title "7. A file that was cut off"
say "max_deletions = 100 in main.tf makes this plan an error. Nothing is deleted."
run "cp devices.csv whole.csv"
run "head -n 1000 whole.csv >devices.csv"
printf '\n%s$ %s%s\n' "$bold" "$terraform plan >plan.log" "$plain"
if $terraform plan >plan.log 2>&1; then
	fail "the plan went through"
fi
sed -n '/Error:/,$p' plan.log
run "cp whole.csv devices.csv"
requests

title "8. Destroy"
say "Twenty deletions go in one \$batch call."
run "$terraform destroy -auto-approve >destroy.log && tail -n 1 destroy.log"
run "graphsim identities"
graphsim identities | grep -q 'holds no identities' || fail "the tenant still holds identities"
good "The tenant is empty."
requests

title "Summary"
good "Done in $(took) s. The tenant is stopped and the temporary folder removed."
say "A real tenant admits 100 writes in 20 seconds, and a deleted row is a write: there the"
say "destroy alone takes a quarter of an hour. 'make bench' measures that, too."
