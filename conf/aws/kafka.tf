# Three brokers that speak TLS and ask for user and password (SASL/SCRAM), each message on all three.
locals {
  # As conf/kafka/server.properties, but for the copies; a test compares them.
  kafka_properties = {
    "auto.create.topics.enable"  = false
    "num.partitions"             = 3
    "default.replication.factor" = 3
    "min.insync.replicas"        = 2
    "log.retention.ms"           = -1
  }
  broker_log     = "/${var.name}/kafka"
  broker_log_arn = "arn:${data.aws_partition.current.partition}:logs:${var.region}:${local.account}:log-group:${local.broker_log}"
}

resource "aws_msk_configuration" "kafka" {
  name              = var.name
  server_properties = join("\n", [for name, value in local.kafka_properties : "${name}=${value}"])
}

resource "aws_cloudwatch_log_group" "kafka" {
  name              = local.broker_log
  retention_in_days = 365
  kms_key_id        = aws_kms_key.lake.arn
}

resource "aws_msk_cluster" "kafka" {
  cluster_name           = var.name
  kafka_version          = "4.1.x.kraft"
  number_of_broker_nodes = 3

  broker_node_group_info {
    instance_type   = var.kafka_instance_type
    client_subnets  = values(aws_subnet.private)[*].id
    security_groups = [aws_security_group.kafka.id]

    storage_info {
      ebs_storage_info {
        volume_size = var.kafka_volume_gib
      }
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.kafka.arn
    revision = aws_msk_configuration.kafka.latest_revision
  }

  client_authentication {
    unauthenticated = false

    sasl {
      scram = true
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = aws_kms_key.lake.arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.kafka.name
      }
    }
  }
}

# MSK takes only secrets whose names begin so, under a key of the account's own.
resource "aws_secretsmanager_secret" "kafka" {
  # checkov:skip=CKV2_AWS_57: it is changed by kafka_password and kafka_password_version
  name        = "AmazonMSK_${var.name}"
  description = "User and password of Kafka"
  kms_key_id  = aws_kms_key.lake.arn
}

resource "aws_secretsmanager_secret_version" "kafka" {
  secret_id                = aws_secretsmanager_secret.kafka.id
  secret_string_wo         = jsonencode({ username = "lakehouse", password = var.kafka_password })
  secret_string_wo_version = var.kafka_password_version
}

data "aws_iam_policy_document" "kafka_secret" {
  statement {
    sid       = "BrokersReadIt"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.kafka.arn]

    principals {
      type        = "Service"
      identifiers = ["kafka.amazonaws.com"]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "kafka" {
  secret_arn = aws_secretsmanager_secret.kafka.arn
  policy     = data.aws_iam_policy_document.kafka_secret.json
}

resource "aws_msk_single_scram_secret_association" "kafka" {
  cluster_arn = aws_msk_cluster.kafka.arn
  secret_arn  = aws_secretsmanager_secret.kafka.arn
  depends_on  = [aws_secretsmanager_secret_version.kafka, aws_secretsmanager_secret_policy.kafka]
}
