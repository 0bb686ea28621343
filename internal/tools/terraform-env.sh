# shellcheck shell=sh
# Sourced by the scripts that run Terraform or OpenTofu: a surrounding shell
# may carry settings that change what these commands do, and none of them may
# change what a demo, a test or the generated documentation says.

# clear_terraform_env forgets the caller's Terraform settings.
clear_terraform_env() {
	unset TF_ACC TF_CLI_CONFIG_FILE TF_DATA_DIR TF_ENCRYPTION TF_IN_AUTOMATION TF_INPUT \
		TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TF_REGISTRY_CLIENT_TIMEOUT TF_WORKSPACE TF_APPEND_USER_AGENT
	for name in $(env | sed -nE 's/^(TF_(CLI_ARGS|LOG|VAR)_?[A-Za-z0-9_]*)=.*/\1/p'); do
		unset "$name"
	done
	export CHECKPOINT_DISABLE=1
}

# clear_provider_env forgets the caller's credentials and tenant.
clear_provider_env() {
	for name in $(env | sed -nE 's/^((ARM|AZURE|INTUNE|GRAPHSIM)_[A-Z0-9_]*)=.*/\1/p'); do
		unset "$name"
	done
}

# install_into_mirror BINARY VERSION MIRROR lays the provider out as a
# filesystem mirror: plain "terraform init" finds it there, without the warning
# that a development override prints. The address intunetf/intune belongs to
# another host for OpenTofu than for Terraform; the mirror serves both.
install_into_mirror() {
	platform="$(go env GOOS)_$(go env GOARCH)"
	for host in registry.terraform.io registry.opentofu.org; do
		folder="$3/$host/intunetf/intune/$2/$platform"
		mkdir -p "$folder"
		cp "$1" "$folder/terraform-provider-intune_v$2$(go env GOEXE)"
	done
}

# use_mirror MIRROR FILE makes FILE the CLI configuration, with the mirror as
# the only place that providers are installed from.
use_mirror() {
	cat >"$2" <<-CONFIG
		disable_checkpoint = true

		provider_installation {
		  filesystem_mirror {
		    path = "$1"
		  }
		}
	CONFIG
	export TF_CLI_CONFIG_FILE="$2"
}

# implied_mirror prints the folder that Terraform and OpenTofu search for
# providers without any configuration.
implied_mirror() {
	case $(go env GOOS) in
	windows) echo "$APPDATA/terraform.d/plugins" ;;
	*) echo "$HOME/.terraform.d/plugins" ;;
	esac
}
