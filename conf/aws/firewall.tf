# Who may speak to whom. A group without a rule lets nothing through in that direction.
resource "aws_security_group" "jobs" {
  name        = "${var.name}-jobs"
  description = "Workers of EMR Serverless"
  vpc_id      = aws_vpc.lake.id

  # checkov:skip=CKV2_AWS_5: jobs.tf gives it to the application, where checkov does not look
}

resource "aws_security_group" "kafka" {
  name        = "${var.name}-kafka"
  description = "Brokers of MSK"
  vpc_id      = aws_vpc.lake.id
}

resource "aws_security_group" "api" {
  name        = "${var.name}-api"
  description = "Host of the API: nothing comes in, users come by Session Manager"
  vpc_id      = aws_vpc.lake.id
}

resource "aws_security_group" "session_manager" {
  name        = "${var.name}-session-manager"
  description = "Endpoints of Session Manager"
  vpc_id      = aws_vpc.lake.id
}

# A driver and its executors talk to each other on ports that they choose.
resource "aws_vpc_security_group_ingress_rule" "jobs_from_jobs" {
  # checkov:skip=CKV_AWS_25: from the same group alone, no address of the internet
  description                  = "Driver and executors"
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "jobs_to_jobs" {
  description                  = "Driver and executors"
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "jobs_to_kafka" {
  description                  = "SASL_SSL"
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.kafka.id
  ip_protocol                  = "tcp"
  from_port                    = 9096
  to_port                      = 9096
}

resource "aws_vpc_security_group_ingress_rule" "kafka_from_jobs" {
  description                  = "SASL_SSL"
  security_group_id            = aws_security_group.kafka.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 9096
  to_port                      = 9096
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  for_each = { jobs = aws_security_group.jobs.id, api = aws_security_group.api.id }

  description       = "S3 by its endpoint"
  security_group_id = each.value
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "api_to_session_manager" {
  description                  = "Session Manager by its endpoints"
  security_group_id            = aws_security_group.api.id
  referenced_security_group_id = aws_security_group.session_manager.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "session_manager_from_api" {
  description                  = "Host of the API"
  security_group_id            = aws_security_group.session_manager.id
  referenced_security_group_id = aws_security_group.api.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
