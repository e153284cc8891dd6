# The task and the service. To set: image, cluster, vpc_id, subnet_ids, handlers,
# desired_count, cpu, memory, drain_timeout.

locals {
  environment = merge(
    {
      AWS_REGION                     = data.aws_region.current.name
      KORESTREAM_STREAM              = var.stream_name
      KORESTREAM_APPLICATION         = var.application
      KORESTREAM_HANDLERS            = var.handlers
      KORESTREAM_SOURCE_TYPE         = var.source_type
      KORESTREAM_LEASE_TABLE         = aws_dynamodb_table.leases.name
      KORESTREAM_LEASE_CREATE_TABLE  = "false"
      KORESTREAM_DEAD_LETTERS_TYPE   = "s3"
      KORESTREAM_DEAD_LETTERS_BUCKET = aws_s3_bucket.dead_letters.bucket
      KORESTREAM_LIMITS_MEMORY       = "${var.memory}MiB"
      KORESTREAM_DRAIN_TIMEOUT       = "${var.drain_timeout}s"
      KORESTREAM_ADMIN_LISTEN        = ":9090"
    },
    local.webhook ? {
      KORESTREAM_WEBHOOK_URL    = var.webhook_url
      KORESTREAM_WEBHOOK_LISTEN = ":8080"
    } : {},
  )
}

resource "aws_ecs_task_definition" "task" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name                   = "korestream"
    image                  = var.image
    essential              = true
    command                = ["run"]
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    memory                 = var.memory
    stopTimeout            = var.drain_timeout + 10 # ECS kills a task that has not stopped by then
    portMappings           = [for port in local.webhook ? [9090, 8080] : [9090] : { containerPort = port }]
    environment            = [for name, value in local.environment : { name = name, value = value }]
    secrets                = local.webhook ? [{ name = "KORE_WEBHOOK_SECRETS", valueFrom = var.webhook_secret_arn }] : []
    healthCheck            = { command = ["CMD", "/usr/local/bin/korestream", "health"], interval = 10, timeout = 5, retries = 3, startPeriod = 60 }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.logs.name
        awslogs-region        = data.aws_region.current.name
        awslogs-stream-prefix = "korestream"
      }
    }
  }])
}

resource "aws_ecs_service" "service" {
  name            = var.name
  cluster         = var.cluster
  task_definition = aws_ecs_task_definition.task.arn
  launch_type     = "FARGATE"
  desired_count   = var.desired_count
  propagate_tags  = "SERVICE"

  # New tasks first, then the old ones drain and hand their shards over.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = compact([aws_security_group.tasks.id, var.handler_security_group_id])
    assign_public_ip = var.assign_public_ip
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.webhook

    content {
      container_name   = "korestream"
      container_port   = 8080
      target_group_arn = load_balancer.value.arn
    }
  }

  health_check_grace_period_seconds = local.webhook ? 60 : null

  depends_on = [aws_iam_role_policy.consume, aws_lb_listener.webhook]
}

resource "aws_security_group" "tasks" {
  name_prefix = "${var.name}-tasks-"
  description = "Tasks of korestream"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  security_group_id = aws_security_group.tasks.id
  description       = "endpoints of AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# explain and sim ask the task that owns a shard.
resource "aws_vpc_security_group_ingress_rule" "tasks" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
}
