# Tenant, client and token file come from the variables that AKS sets in the
# pod: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE.
provider "intune" {
  use_aks_workload_identity = true
}
