# Three roles and what each may do; nobody else gets at the data but the account's administrators.
resource "aws_iam_role" "jobs" {
  name               = "${var.name}-jobs"
  description        = "Jobs on EMR Serverless: write the lake, read their code and Kafka's password"
  assume_role_policy = data.aws_iam_policy_document.jobs_trust.json
}

resource "aws_iam_role" "readers" {
  name               = "${var.name}-readers"
  description        = "People and tools that query gold by Athena"
  assume_role_policy = data.aws_iam_policy_document.readers_trust.json
}

resource "aws_iam_role" "api" {
  name               = "${var.name}-api"
  description        = "Host of the API: read the lake, be reached by Session Manager"
  assume_role_policy = data.aws_iam_policy_document.api_trust.json
}

resource "aws_iam_role_policy" "jobs" {
  name   = "lake"
  role   = aws_iam_role.jobs.id
  policy = data.aws_iam_policy_document.jobs.json
}

resource "aws_iam_role_policy" "readers" {
  name   = "gold"
  role   = aws_iam_role.readers.id
  policy = data.aws_iam_policy_document.readers.json
}

resource "aws_iam_role_policy" "api" {
  name   = "lake"
  role   = aws_iam_role.api.id
  policy = data.aws_iam_policy_document.api.json
}

resource "aws_iam_instance_profile" "api" {
  name = aws_iam_role.api.name
  role = aws_iam_role.api.name
}

data "aws_iam_policy_document" "jobs_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["emr-serverless.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_emrserverless_application.jobs.arn]
    }
  }
}

# Who in the account may take this role is said where users are: by a policy that allows them sts:AssumeRole on it.
data "aws_iam_policy_document" "readers_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${local.account}:root"]
    }
  }
}

data "aws_iam_policy_document" "api_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
