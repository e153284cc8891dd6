# The way of KORE's webhooks to the tasks. To set: webhook_url, webhook_certificate_arn,
# webhook_subnet_ids; with no URL there is none of it.

resource "aws_security_group" "webhook" {
  count       = local.webhook ? 1 : 0
  name_prefix = "${var.name}-webhook-"
  description = "Load balancer of korestream's webhook"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "webhook" {
  count             = local.webhook ? 1 : 0
  security_group_id = aws_security_group.webhook[0].id
  description       = "KORE"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# To the webhook's port, and to the admin port, where the health check is.
resource "aws_vpc_security_group_egress_rule" "webhook" {
  for_each                     = toset(local.webhook ? ["8080", "9090"] : [])
  security_group_id            = aws_security_group.webhook[0].id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_vpc_security_group_ingress_rule" "webhook_tasks" {
  for_each                     = toset(local.webhook ? ["8080", "9090"] : [])
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.webhook[0].id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value)
  to_port                      = tonumber(each.value)
}

resource "aws_lb" "webhook" {
  count                      = local.webhook ? 1 : 0
  name                       = "${var.name}-webhook"
  load_balancer_type         = "application"
  subnets                    = var.webhook_subnet_ids
  security_groups            = [aws_security_group.webhook[0].id]
  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "webhook" {
  count                = local.webhook ? 1 : 0
  name                 = "${var.name}-webhook"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 8080
  deregistration_delay = 15

  health_check {
    port                = "9090"
    path                = "/readyz"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
    matcher             = "200"
  }
}

resource "aws_lb_listener" "webhook" {
  count             = local.webhook ? 1 : 0
  load_balancer_arn = aws_lb.webhook[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.webhook_certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.webhook[0].arn
  }
}
