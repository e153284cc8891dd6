# What somebody is to hear of. To set: alarm_topic_arn.

locals {
  alarms = {
    behind = {
      description = "Records of the stream are read 5 minutes late or later (docs/operations.md#behind)"
      namespace   = "AWS/Kinesis"
      metric      = "GetRecords.IteratorAgeMilliseconds"
      dimensions  = { StreamName = var.stream_name }
      statistic   = "Maximum"
      periods     = 5
      comparison  = "GreaterThanThreshold"
      threshold   = 300000
      missing     = "notBreaching" # nothing is polled with fan-out
    }
    read-throttle = {
      description = "Kinesis refuses reads, so that there are too many readers or too few shards (docs/operations.md#throttled)"
      namespace   = "AWS/Kinesis"
      metric      = "ReadProvisionedThroughputExceeded"
      dimensions  = { StreamName = var.stream_name }
      statistic   = "Average"
      periods     = 10
      comparison  = "GreaterThanThreshold"
      threshold   = 0.05
      missing     = "notBreaching"
    }
    table-throttle = {
      description = "DynamoDB refuses writes to the lease table (docs/operations.md#lease-table)"
      namespace   = "AWS/DynamoDB"
      metric      = "WriteThrottleEvents"
      dimensions  = { TableName = aws_dynamodb_table.leases.name }
      statistic   = "Sum"
      periods     = 3
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      missing     = "notBreaching"
    }
    # Each running task reports its CPU once a minute, so the samples count the tasks.
    tasks = {
      description = "Fewer tasks run than are wanted (docs/operations.md#not-ready)"
      namespace   = "AWS/ECS"
      metric      = "CPUUtilization"
      dimensions  = { ClusterName = var.cluster, ServiceName = aws_ecs_service.service.name }
      statistic   = "SampleCount"
      periods     = 5
      comparison  = "LessThanThreshold"
      threshold   = var.desired_count
      missing     = "breaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = compact([var.alarm_topic_arn])
  ok_actions          = compact([var.alarm_topic_arn])
}
