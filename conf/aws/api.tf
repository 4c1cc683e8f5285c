# The API on a host of its own that listens on its loopback interface alone. Users come through a tunnel of Session
# Manager, which asks AWS who they are: no address, no port and no certificate to look after.
data "aws_ssm_parameter" "amazon_linux" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_instance" "api" {
  count = var.api_code == null ? 0 : 1

  ami                         = data.aws_ssm_parameter.amazon_linux.insecure_value
  instance_type               = var.api_instance_type
  iam_instance_profile        = aws_iam_instance_profile.api.name
  subnet_id                   = aws_subnet.private[var.zones[0]].id
  vpc_security_group_ids      = [aws_security_group.api.id]
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = true

  user_data = templatefile("${path.module}/api.sh.tftpl", {
    code          = "s3://${local.buckets.work}/code/${var.api_code}"
    lakehouse_url = local.lakehouse_url
    dataset_url   = local.dataset_url
    region        = var.region
  })

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # The users and their passwords' hashes are on it: it outlives the host.
  root_block_device {
    encrypted             = true
    kms_key_id            = aws_kms_key.lake.arn
    volume_type           = "gp3"
    volume_size           = 20
    delete_on_termination = false
  }

  tags = { Name = "${var.name}-api" }

  # New images and new code are brought to the host that is there: another one would begin without users.
  lifecycle {
    ignore_changes = [ami, user_data]
  }

  depends_on = [aws_vpc_endpoint.s3, aws_vpc_endpoint.session_manager, aws_iam_role_policy.api]
}
