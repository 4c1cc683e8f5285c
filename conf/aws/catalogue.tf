# The lake's tables for Athena: a database for each layer, a table for each Delta root.
locals {
  tables = {
    for name, table in local.catalogue.tables : name => {
      layer   = split(".", name)[0]
      name    = split(".", name)[1]
      comment = table.comment
      # Bronze and silver lie in the bucket of their dataset.
      location   = "s3://${local.roots[table.dataset == null ? "lake" : table.dataset]}/${replace(name, ".", "/")}/"
      columns    = [for column in table.columns : column if !contains(table.partition_by, column.name)]
      partitions = [for column in table.columns : column if contains(table.partition_by, column.name)]
    }
  }
  layers = toset([for table in local.tables : table.layer])
}

resource "aws_glue_catalog_database" "layer" {
  for_each = local.layers

  name        = replace("${var.name}_${each.key}", "-", "_")
  description = "Tables of the layer ${each.key}"
}

resource "aws_glue_catalog_table" "lake" {
  for_each = local.tables

  database_name = aws_glue_catalog_database.layer[each.value.layer].name
  name          = each.value.name
  description   = each.value.comment
  table_type    = "EXTERNAL_TABLE"

  # Athena reads the Delta log where it finds this provider; the formats below only fill the form.
  parameters = {
    "EXTERNAL"                   = "TRUE"
    "classification"             = "delta"
    "spark.sql.sources.provider" = "delta"
  }

  dynamic "partition_keys" {
    for_each = each.value.partitions

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }

  storage_descriptor {
    location      = each.value.location
    input_format  = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
      parameters = {
        "serialization.format" = "1"
        "path"                 = each.value.location
      }
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

resource "aws_athena_workgroup" "readers" {
  name        = var.name
  description = "Queries over the lake; what they scan is limited, and their answers are deleted after a week"

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena_cutoff_gib * 1073741824

    result_configuration {
      output_location       = "s3://${local.buckets.work}/athena/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.lake.arn
      }
    }
  }
}
