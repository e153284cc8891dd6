# korestream as an ECS service on Fargate.
#
#   terraform init && terraform apply -var-file=korestream.tfvars
#
# To set: image, cluster, vpc_id, subnet_ids, stream_name and handlers; alarm_topic_arn, or
# nobody hears the alarms; a backend for the state. variables.tf has the rest. The same as
# ../cloudformation.yaml, which a test holds them to.
terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40"
    }
  }
}
