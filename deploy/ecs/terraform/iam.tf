# What the tasks may do: read this stream, lease in this table, bury in this bucket.
# To set: handler_policy_arn for what handlers need, stream_key_arn for a customer's key.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  stream_arn = "arn:${data.aws_partition.current.partition}:kinesis:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stream/${var.stream_name}"
  fan_out    = var.source_type != "polling"
  webhook    = var.webhook_url != ""
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "consume" {
  statement {
    sid       = "ReadStream"
    actions   = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
    resources = [local.stream_arn]
  }

  statement {
    sid       = "Lease"
    actions   = ["dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    resources = [aws_dynamodb_table.leases.arn]
  }

  statement {
    sid       = "Bury"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.dead_letters.arn}/*"]
  }

  dynamic "statement" {
    for_each = local.fan_out ? [1] : []

    content {
      sid       = "FanOut"
      actions   = ["kinesis:RegisterStreamConsumer", "kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
      resources = [local.stream_arn, "${local.stream_arn}/consumer/*"]
    }
  }

  dynamic "statement" {
    for_each = var.stream_key_arn != "" ? [1] : []

    content {
      sid       = "Decrypt"
      actions   = ["kms:Decrypt"]
      resources = [var.stream_key_arn]
    }
  }

  dynamic "statement" {
    for_each = local.webhook ? [1] : []

    content {
      sid       = "PutFromWebhook"
      actions   = ["kinesis:PutRecords"]
      resources = [local.stream_arn]
    }
  }
}

resource "aws_iam_role" "task" {
  name_prefix        = "${var.name}-task-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "consume" {
  name   = "consume"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.consume.json
}

resource "aws_iam_role_policy_attachment" "handlers" {
  count      = var.handler_policy_arn != "" ? 1 : 0
  role       = aws_iam_role.task.name
  policy_arn = var.handler_policy_arn
}

resource "aws_iam_role" "execution" {
  name_prefix        = "${var.name}-execution-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "secrets" {
  count = local.webhook ? 1 : 0

  statement {
    sid       = "ReadSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.webhook_secret_arn]
  }
}

resource "aws_iam_role_policy" "secrets" {
  count  = local.webhook ? 1 : 0
  name   = "secrets"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.secrets[0].json
}
