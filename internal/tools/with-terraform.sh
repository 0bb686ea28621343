#!/bin/sh
# Runs a command, usually "go test", with a Terraform or OpenTofu CLI named in
# TF_ACC_TERRAFORM_PATH and without the settings of the surrounding shell.
# TESTACC=1 keeps the credentials and enables the tests of a real tenant.
set -eu

cd "$(dirname "$0")/../.."
. internal/tools/terraform-env.sh

TF_ACC_TERRAFORM_PATH=$(internal/tools/terraform-cli.sh)
export TF_ACC_TERRAFORM_PATH
echo "Using $TF_ACC_TERRAFORM_PATH" >&2

clear_terraform_env
if [ "${TESTACC:-}" = 1 ]; then
	export TF_ACC=1
else
	clear_provider_env
fi

case $("$TF_ACC_TERRAFORM_PATH" version) in
# terraform-plugin-testing attaches the provider under Terraform's default
# host, in a namespace that OpenTofu allows under its own default host only.
OpenTofu*) export TF_ACC_PROVIDER_HOST=registry.opentofu.org ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo 'disable_checkpoint = true' >"$work/terraform.rc"
export TF_CLI_CONFIG_FILE="$work/terraform.rc"
# What a killed test leaves behind goes with this folder.
export TMPDIR="$work"

"$@"
