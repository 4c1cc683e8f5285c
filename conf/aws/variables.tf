variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-west-3"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be one such as eu-west-3."
  }
}

variable "name" {
  description = "What the names of all resources begin with, but for the four buckets of the datasets."
  type        = string
  default     = "lakehouse"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "The name must have 2 to 20 small letters, digits and hyphens, a letter first."
  }
}

variable "zones" {
  description = "Letters of the three availability zones in the region, a subnet and a broker in each."
  type        = list(string)
  default     = ["a", "b", "c"]

  validation {
    condition     = length(toset(var.zones)) == 3 && alltrue([for zone in var.zones : can(regex("^[a-z]$", zone))])
    error_message = "Three different letters are needed, such as a, b and c."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, a /20 or larger: three subnets of a 16th each are cut from it."
  type        = string
  default     = "10.42.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15)) && can(regex("/(1[6-9]|20)$", var.vpc_cidr))
    error_message = "The network must be written such as 10.42.0.0/16, from /16 to /20."
  }
}

variable "kafka_instance_type" {
  description = "Size of each of the three brokers."
  type        = string
  default     = "kafka.m7g.large"

  validation {
    condition     = startswith(var.kafka_instance_type, "kafka.")
    error_message = "The brokers' size must be one of MSK, such as kafka.m7g.large."
  }
}

variable "kafka_volume_gib" {
  description = "Disk of each broker, in GiB. Messages never expire: it must hold all that jobs have not read yet, and more."
  type        = number
  default     = 100

  validation {
    condition     = var.kafka_volume_gib >= 10 && var.kafka_volume_gib <= 16384
    error_message = "A broker's disk must have 10 to 16384 GiB."
  }
}

variable "kafka_password" {
  description = "Password of the Kafka user `lakehouse`: TF_VAR_kafka_password, never a file. It comes into no state and no plan."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.kafka_password) >= 20
    error_message = "The password must have 20 characters or more."
  }
}

variable "kafka_password_version" {
  description = "Raise it by one to have a new password taken over: Terraform does not know the old one."
  type        = number
  default     = 1

  validation {
    condition     = var.kafka_password_version >= 1
    error_message = "The version must be 1 or more."
  }
}

variable "jobs_maximum" {
  description = "The most that all jobs together may take at a time: vCPU, and GB of memory and disk."
  type        = object({ cpu = number, memory = number, disk = number })
  default     = { cpu = 16, memory = 64, disk = 400 }

  validation {
    condition     = var.jobs_maximum.cpu >= 4 && var.jobs_maximum.memory >= 16 && var.jobs_maximum.disk >= 40
    error_message = "A driver and an executor need 4 vCPU, 16 GB of memory and 40 GB of disk at the least."
  }
}

variable "athena_cutoff_gib" {
  description = "GiB that a query of Athena may scan before it is stopped."
  type        = number
  default     = 10

  validation {
    condition     = var.athena_cutoff_gib >= 1
    error_message = "A query must be let scan 1 GiB or more."
  }
}

variable "api_instance_type" {
  description = "Size of the API's host, x86_64 as the jobs' Python packages."
  type        = string
  default     = "t3.small"

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.api_instance_type)) && !can(regex("^[a-z]+[0-9]+g", var.api_instance_type))
    error_message = "The size must be one of EC2 for x86_64, such as t3.small."
  }
}

variable "api_code" {
  description = "The commit below code/ of the work bucket that the API's host is made from; null as long as none is there: no host."
  type        = string
  default     = null

  validation {
    condition     = var.api_code == null || can(regex("^[0-9a-f]{7,40}$", var.api_code))
    error_message = "The code must be named by its commit, such as the answer of `git rev-parse --short HEAD`."
  }
}
