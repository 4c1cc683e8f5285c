# The lake's tables, made from jobs/lakehouse and checked against it by tests/conf.
locals {
  catalogue = jsondecode(file("${path.module}/tables.json"))
  account   = data.aws_caller_identity.current.account_id

  # Names of buckets are unique in the world: the account makes them so.
  dataset_buckets = {
    for dataset in local.catalogue.datasets : dataset => "kafka-ing-${replace(dataset, "_", "-")}-${local.account}"
  }
  # Gold and the ledger; then what is no data: code, logs, answers of Athena.
  data_buckets = merge(local.dataset_buckets, { lake = "${var.name}-lake-${local.account}" })
  buckets      = merge(local.data_buckets, { work = "${var.name}-work-${local.account}" })

  # In each bucket the tables lie below /lake, by layer and name, as below LAKEHOUSE_URL.
  roots = { for key, bucket in local.data_buckets : key => "${bucket}/lake" }
}

resource "aws_s3_bucket" "lake" {
  for_each = local.buckets

  bucket = each.value

  # checkov:skip=CKV_AWS_18: who read what is told by CloudTrail's data events, which are the account's to switch on
  # checkov:skip=CKV_AWS_144: a second region is a decision for whoever has the data, and doubles its cost
  # checkov:skip=CKV2_AWS_62: nobody waits for notices of new files

  # `terraform destroy` stops here: who wants the data gone deletes it by hand.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  for_each = aws_s3_bucket.lake

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  for_each = aws_s3_bucket.lake

  bucket = each.value.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.lake.arn
    }
  }
}

# No table's file is written twice: old versions are files that maintenance deleted, or somebody by mistake.
resource "aws_s3_bucket_versioning" "lake" {
  for_each = aws_s3_bucket.lake

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  for_each = aws_s3_bucket.lake

  bucket     = each.value.id
  depends_on = [aws_s3_bucket_versioning.lake]

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = { for prefix, days in { logs = 30, athena = 7 } : prefix => days if each.key == "work" }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      expiration {
        days = rule.value
      }
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  for_each = aws_s3_bucket.lake

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  for_each = aws_s3_bucket.lake

  bucket     = each.value.id
  policy     = data.aws_iam_policy_document.tls_only[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.lake]
}
