locals {
  data_arns = [for key in keys(local.data_buckets) : aws_s3_bucket.lake[key].arn]
  work_arn  = aws_s3_bucket.lake["work"].arn
  gold_arn  = "${aws_s3_bucket.lake["lake"].arn}/lake/gold/*"

  # ARNs of Glue have the region and the account, and the path of what is meant.
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${var.region}:${local.account}"
  gold     = aws_glue_catalog_database.layer["gold"].name
}

data "aws_iam_policy_document" "jobs" {
  statement {
    sid       = "FindTables"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = local.data_arns
  }

  # Deleting is for maintenance, and for the writer's lock.
  statement {
    sid       = "WriteTables"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = [for arn in local.data_arns : "${arn}/lake/*"]
  }

  statement {
    sid       = "FindCode"
    actions   = ["s3:ListBucket"]
    resources = [local.work_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["code/*"]
    }
  }

  statement {
    sid       = "ReadCode"
    actions   = ["s3:GetObject"]
    resources = ["${local.work_arn}/code/*"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["s3:PutObject"]
    resources = ["${local.work_arn}/logs/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.lake.arn]
  }

  statement {
    sid       = "ReadPassword"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.kafka.arn]
  }
}

# Gold alone: Athena does not mask the personal columns of the other layers, as the API does.
data "aws_iam_policy_document" "readers" {
  statement {
    sid       = "FindBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.lake["lake"].arn, local.work_arn]
  }

  statement {
    sid       = "FindGold"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake["lake"].arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["lake/gold/*"]
    }
  }

  statement {
    sid       = "ReadGold"
    actions   = ["s3:GetObject"]
    resources = [local.gold_arn]
  }

  statement {
    sid       = "FindAnswers"
    actions   = ["s3:ListBucket"]
    resources = [local.work_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["athena/*"]
    }
  }

  statement {
    sid       = "KeepAnswers"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${local.work_arn}/athena/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.lake.arn]
  }

  statement {
    sid     = "SeeGold"
    actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions"]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${local.gold}",
      "${local.glue_arn}:table/${local.gold}/*",
    ]
  }

  statement {
    sid = "Ask"
    actions = [
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
    ]
    resources = [aws_athena_workgroup.readers.arn]
  }
}

data "aws_iam_policy_document" "api" {
  # checkov:skip=CKV_AWS_111: Session Manager's actions take no narrower resource
  # checkov:skip=CKV_AWS_356: Session Manager's actions take no narrower resource

  statement {
    sid       = "FindTables"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = local.data_arns
  }

  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for arn in local.data_arns : "${arn}/lake/*"]
  }

  statement {
    sid       = "ReadCode"
    actions   = ["s3:GetObject"]
    resources = ["${local.work_arn}/code/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.lake.arn]
  }

  # What the agent of Session Manager needs at the least; none of it can be narrowed to one host.
  statement {
    sid = "BeReached"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}
