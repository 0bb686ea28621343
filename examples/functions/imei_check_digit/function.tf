variable "imei" {
  type    = string
  default = "490154203237518"

  # Intune accepts a mistyped IMEI, and no device ever matches it.
  validation {
    condition     = endswith(var.imei, tostring(provider::intune::imei_check_digit(var.imei)))
    error_message = "The last digit is not the check digit: one of the digits is mistyped."
  }
}

output "check_digit" {
  value = provider::intune::imei_check_digit("49015420323751") # 8
}
