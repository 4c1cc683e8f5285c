"""Fixtures that every test folder may use."""

from inbox_box import box as box
from lake_fixture import sample_lake as sample_lake
from postgres_shop import postgres as postgres
from postgres_shop import shop as shop
from spark_session import spark as spark
from stack import cluster as cluster
from stack import s3_stack as s3_stack
from stack import stack as stack
