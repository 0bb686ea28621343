#!/bin/sh
# Formats the examples and writes docs/ with tfplugindocs. With -check, fails
# when that changed anything. Left to itself tfplugindocs downloads a
# Terraform; here it is handed the schema that the CLI at hand reads from the
# provider just built.
set -eu

cd "$(dirname "$0")/../.."
. internal/tools/terraform-env.sh
cli=$(internal/tools/terraform-cli.sh)
clear_terraform_env
clear_provider_env

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# docs COMMAND runs tfplugindocs, and says only what went wrong. That a CLI below
# 1.14 describes neither actions nor list resources is known: their pages are
# templates without schema, and a Go test holds them against the schema.
docs() {
	go tool -modfile=internal/tools/go.mod tfplugindocs "$@" --provider-name terraform-provider-intune \
		--providers-schema "$work/schema.json" >"$work/docs.out" 2>"$work/docs.err" || {
		cat "$work/docs.out" "$work/docs.err" >&2
		exit 1
	}
	grep -v -e '\[DEBUG\]' -e '^action entitled' -e '^list resource entitled' "$work/docs.err" >&2 || :
}

echo "Reading the schema of the provider"
CGO_ENABLED=0 go build -trimpath -o "$work/provider" .
install_into_mirror "$work/provider" 0.0.1 "$work/mirror"
use_mirror "$work/mirror" "$work/terraform.rc"
cat >"$work/main.tf" <<'TF'
terraform {
  required_providers {
    intune = { source = "intunetf/intune" }
  }
}
TF
"$cli" -chdir="$work" init -input=false -no-color >"$work/init.log" || {
	cat "$work/init.log" >&2
	exit 1
}
# tfplugindocs looks for the provider by its short name.
"$cli" -chdir="$work" providers schema -json |
	sed -E 's#"registry\.(terraform\.io|opentofu\.org)/intunetf/intune"#"intune"#' >"$work/schema.json"

mkdir -p docs examples "$work/before"
cp -R docs examples "$work/before"

echo "Formatting examples/"
"$cli" fmt -recursive examples
echo "Writing docs/"
docs generate --rendered-provider-name Intune
echo "Validating docs/"
docs validate

if [ "${1:-}" = -check ]; then
	for folder in docs examples; do
		diff -ru "$work/before/$folder" "$folder" || {
			echo "$folder/ was not up to date and is now: commit the difference above" >&2
			exit 1
		}
	done
fi
