# Private subnets alone: no way in from the internet and none out. What is needed of AWS comes by endpoints.
resource "aws_vpc" "lake" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }

  # checkov:skip=CKV2_AWS_11: no way leads in or out of it, and firewall.tf names every pair that may speak
}

# The group that a resource gets where none is named lets nothing through.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.lake.id
}

resource "aws_subnet" "private" {
  for_each = { for number, zone in var.zones : zone => number }

  vpc_id            = aws_vpc.lake.id
  availability_zone = "${var.region}${each.key}"
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, each.value)
  tags              = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.lake.id
  tags   = { Name = var.name }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# Buckets, and the packages of Amazon Linux, which lie in S3 too.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.lake.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
}

# Session Manager, the only way to the API's host. One subnet will do for one host.
resource "aws_vpc_endpoint" "session_manager" {
  for_each = toset(["ssm", "ssmmessages"])

  vpc_id              = aws_vpc.lake.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [aws_subnet.private[var.zones[0]].id]
  security_group_ids  = [aws_security_group.session_manager.id]
}
