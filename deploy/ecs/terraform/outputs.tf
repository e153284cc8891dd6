# What others need to know of it. Nothing to set.

output "service_name" {
  description = "Name of the service"
  value       = aws_ecs_service.service.name
}

output "lease_table_name" {
  description = "Table of leases and checkpoints"
  value       = aws_dynamodb_table.leases.name
}

output "dead_letters_bucket" {
  description = "Where dead letters are: korestream dlq ls"
  value       = aws_s3_bucket.dead_letters.bucket
}

output "task_role_arn" {
  description = "Role of the tasks"
  value       = aws_iam_role.task.arn
}

output "webhook_host" {
  description = "What the host of webhook_url is to be a CNAME of"
  value       = one(aws_lb.webhook[*].dns_name)
}
