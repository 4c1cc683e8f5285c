# Spark for the jobs. It starts with the first one and stops after the last: nothing is paid for in between.
locals {
  # Spark 4.0.2, Delta 4.0.0, Python 3.11 to 3.13: nearest to the project's Spark 4.2.0 and Delta 4.4.0, not the same.
  emr_release = "emr-spark-8.0.0"
}

resource "aws_emrserverless_application" "jobs" {
  name          = var.name
  type          = "SPARK"
  release_label = local.emr_release
  architecture  = "X86_64"

  maximum_capacity {
    cpu    = "${var.jobs_maximum.cpu} vCPU"
    memory = "${var.jobs_maximum.memory} GB"
    disk   = "${var.jobs_maximum.disk} GB"
  }

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = 5
  }

  network_configuration {
    subnet_ids         = values(aws_subnet.private)[*].id
    security_group_ids = [aws_security_group.jobs.id]
  }

  # Logs go into the work bucket under our key, and not to AWS's own store.
  monitoring_configuration {
    managed_persistence_monitoring_configuration {
      enabled = false
    }

    s3_monitoring_configuration {
      log_uri            = "s3://${local.buckets.work}/logs/"
      encryption_key_arn = aws_kms_key.lake.arn
    }
  }
}
