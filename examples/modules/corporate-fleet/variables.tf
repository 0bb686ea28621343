variable "sites_directory" {
  description = "Folder with one folder per site. A site's identifiers are in <site>/<type>.csv, in the format that the Intune admin center takes: no header row; identifier and optional details for imei and serialNumber; manufacturer, model and serial number for manufacturerModelSerial."
  type        = string
  nullable    = false

  # A folder that is not there looks like a folder without devices.
  validation {
    condition     = length(fileset(var.sites_directory, "*/*.csv")) > 0
    error_message = "There is no <site>/<type>.csv in this folder."
  }

  # Patterns tell upper from lower case, so ".CSV" is compared by itself.
  validation {
    condition = length(setsubtract(
      [for file in fileset(var.sites_directory, "**") : file if endswith(lower(file), ".csv")],
      fileset(var.sites_directory, "*/{imei,serialNumber,manufacturerModelSerial}.csv"),
    )) == 0
    error_message = "Every CSV file must be <site>/imei.csv, <site>/serialNumber.csv or <site>/manufacturerModelSerial.csv, in this upper and lower case."
  }
}

variable "site_in_description" {
  description = "Whether descriptions begin with the name of the site. Windows identifiers have no details in the file; with false they have no description."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_deletions" {
  description = "The most rows of one type that a plan may delete, the guard against a truncated or missing file; null for no limit."
  type        = number
  default     = 50

  validation {
    condition     = var.max_deletions == null ? true : var.max_deletions >= 0
    error_message = "max_deletions must not be negative."
  }
}

variable "overwrite_existing" {
  description = "Whether identifiers that are in the tenant already with another description are adopted and get the description from the files. With false they are an error that names them."
  type        = bool
  default     = false
  nullable    = false
}
