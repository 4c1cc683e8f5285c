locals {
  lakehouse_url = "s3a://${local.roots.lake}"
  # In which the jobs put a dataset's name for {dataset}.
  dataset_url = "s3a://kafka-ing-{dataset}-${local.account}/lake"
}

output "settings" {
  description = "What to set of conf/lakehouse.env for jobs and API. Today's code speaks no SASL: see README.md."
  value = {
    LAKEHOUSE_URL           = local.lakehouse_url
    LAKEHOUSE_DATASET_URL   = local.dataset_url
    AWS_REGION              = var.region
    KAFKA_BOOTSTRAP_SERVERS = aws_msk_cluster.kafka.bootstrap_brokers_sasl_scram
  }
}

output "kafka_secret" {
  description = "Secret with Kafka's user and password, for SASL/SCRAM-SHA-512."
  value       = aws_secretsmanager_secret.kafka.arn
}

output "code" {
  description = "Where code for jobs and API goes, each commit in a folder of its own."
  value       = "s3://${local.buckets.work}/code"
}

output "jobs" {
  description = "What `aws emr-serverless start-job-run` asks for: application and role."
  value = {
    application_id     = aws_emrserverless_application.jobs.id
    execution_role_arn = aws_iam_role.jobs.arn
  }
}

output "readers" {
  description = "What a reader needs: the role to take, Athena's workgroup, the database."
  value = {
    role      = aws_iam_role.readers.arn
    workgroup = aws_athena_workgroup.readers.name
    database  = local.gold
  }
}

output "api_tunnel" {
  description = "Command that brings the API to http://127.0.0.1:8000, where there is a host."
  value = join(" ", concat(
    ["aws ssm start-session --region ${var.region} --document-name AWS-StartPortForwardingSession"],
    ["--parameters portNumber=8000,localPortNumber=8000"],
    [for host in aws_instance.api : "--target ${host.id}"],
  ))
}
