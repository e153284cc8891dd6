# What can be set; those without a default must be.

variable "image" {
  description = "Image of korestream, with its tag or digest"
  type        = string
}

variable "cluster" {
  description = "Name of the ECS cluster"
  type        = string
}

variable "vpc_id" {
  description = "Where the tasks are"
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks, in two zones or more, with a way to AWS's endpoints"
  type        = list(string)
}

variable "assign_public_ip" {
  description = "true in subnets without NAT or endpoints"
  type        = bool
  default     = false
}

variable "name" {
  description = "What the service and what belongs to it are called"
  type        = string
  default     = "korestream"
}

variable "stream_name" {
  description = "Name of the Kinesis stream"
  type        = string
}

variable "create_stream" {
  description = "Whether the stream is made here"
  type        = bool
  default     = false
}

variable "shard_count" {
  description = "Shards of the stream, if it is made here"
  type        = number
  default     = 4
}

variable "retention_hours" {
  description = "Retention of the stream, if it is made here: how long an outage may last"
  type        = number
  default     = 168
}

variable "stream_key_arn" {
  description = "Customer's KMS key of a stream that is there already, to be allowed to read it"
  type        = string
  default     = ""
}

variable "application" {
  description = "Name of the application and of its lease table"
  type        = string
  default     = "korestream"
}

variable "handlers" {
  description = "What to do with events, as YAML"
  type        = string
  default     = "[{name: log, type: log}]"
}

variable "handler_policy_arn" {
  description = "Policy with what the handlers need"
  type        = string
  default     = ""
}

variable "handler_security_group_id" {
  description = "Security group that lets the handlers out, such as to a database"
  type        = string
  default     = ""
}

variable "source_type" {
  description = "How shards are read: polling, fan_out or auto"
  type        = string
  default     = "polling"

  validation {
    condition     = contains(["polling", "fan_out", "auto"], var.source_type)
    error_message = "Want polling, fan_out or auto."
  }
}

variable "desired_count" {
  description = "Tasks; more than shards have nothing to do"
  type        = number
  default     = 2
}

variable "cpu" {
  description = "CPU units of a task"
  type        = number
  default     = 512
}

variable "memory" {
  description = "MiB of a task, which is limits.memory too; it must fit cpu"
  type        = number
  default     = 1024
}

variable "drain_timeout" {
  description = "drain.timeout in seconds; stopTimeout is 10 s above it"
  type        = number
  default     = 25

  validation {
    condition     = var.drain_timeout >= 1 && var.drain_timeout <= 110
    error_message = "Fargate stops a task after 120 s at most, and 10 s of that are margin: want 1 to 110."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic for alarms"
  type        = string
  default     = ""
}

variable "log_retention_days" {
  description = "How long logs are kept"
  type        = number
  default     = 30
}

variable "webhook_url" {
  description = "webhook.url; empty is no webhook"
  type        = string
  default     = ""
}

variable "webhook_certificate_arn" {
  description = "Certificate of the host of webhook_url"
  type        = string
  default     = ""
}

variable "webhook_secret_arn" {
  description = "Secret of Secrets Manager with KORE's signing secrets, with commas between them"
  type        = string
  default     = ""
}

variable "webhook_subnet_ids" {
  description = "Public subnets of the load balancer, in two zones or more"
  type        = list(string)
  default     = []
}
