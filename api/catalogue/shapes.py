"""The bodies of the catalogue's answers, for the schema."""

from typing import Any

from rest_framework import serializers


class Partition(serializers.Serializer[Any]):
    """One side of a table, from its log."""

    quarantined = serializers.BooleanField(allow_null=True)
    rows = serializers.IntegerField(min_value=0)
    files = serializers.IntegerField(min_value=0)
    bytes = serializers.IntegerField(min_value=0)


class Summary(serializers.Serializer[Any]):
    """A table and its state; the figures are null where it is not built yet."""

    name = serializers.CharField()
    layer = serializers.ChoiceField(["gold", "silver", "quarantine", "bronze", "ledger"])
    comment = serializers.CharField()
    is_built = serializers.BooleanField()
    version = serializers.IntegerField(allow_null=True)
    rows = serializers.IntegerField(allow_null=True)
    files = serializers.IntegerField(allow_null=True)
    bytes = serializers.IntegerField(allow_null=True, help_text="of the data files")
    last_commit = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True, help_text="since the last commit")


class Column(serializers.Serializer[Any]):
    """A column: its Spark SQL type, and whether it is masked without the permission to see it."""

    name = serializers.CharField()
    type = serializers.CharField()
    is_personal = serializers.BooleanField()
    comment = serializers.CharField(allow_blank=True)


class Drift(serializers.Serializer[Any]):
    """What the records of a silver table have beside what their dataset declares, and what they lack of it."""

    undeclared = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="by field the kinds that it had so far"
    )
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="declared fields that were there before and are not any more"
    )


class Description(Summary):
    """A table with its columns, partitions and origin."""

    table_id = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    columns = Column(many=True)
    partition_columns = serializers.ListField(child=serializers.CharField())
    partitions = Partition(many=True)
    aliases = serializers.ListField(child=serializers.CharField())
    comes_from = serializers.ListField(child=serializers.CharField())
    drift = Drift(allow_null=True, help_text="null but for silver and quarantine")


class Commit(serializers.Serializer[Any]):
    """A version of a table."""

    version = serializers.IntegerField()
    committed_at = serializers.DateTimeField()
    operation = serializers.CharField(allow_null=True)
    engine = serializers.CharField(allow_null=True)
    rows = serializers.IntegerField(allow_null=True, help_text="rows written, where the writer says so")
    files = serializers.IntegerField(allow_null=True)
    noted = serializers.DictField(help_text="what the job left with the commit, such as silver_version and run_id")


class Step(serializers.Serializer[Any]):
    """A version of a table on the way back."""

    table = serializers.CharField()
    version = serializers.IntegerField()
    run_id = serializers.CharField(allow_null=True)


class Landed(serializers.Serializer[Any]):
    """What ledger.files knows about a file."""

    name = serializers.CharField()
    size = serializers.IntegerField()
    records = serializers.IntegerField()
    seen_at = serializers.DateTimeField()
    run_id = serializers.CharField()


class Source(serializers.Serializer[Any]):
    """A file, a partition of a topic, or a table, and the range of its records: record numbers from 0, or offsets."""

    kind = serializers.ChoiceField(["file", "topic", "table"])
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes fields off the class
    source_id = serializers.CharField(help_text="sha256 of the file's content, or the partition")
    first_position = serializers.IntegerField()
    last_position = serializers.IntegerField()
    records = serializers.IntegerField()
    good = serializers.IntegerField(help_text="records that are not quarantined; of bronze, all of them")
    landed = Landed(allow_null=True)


class Lineage(serializers.Serializer[Any]):
    """Where a table's rows come from."""

    table = serializers.CharField()
    steps = Step(many=True)
    sources_in_all = serializers.IntegerField()
    sources = Source(many=True, help_text="the first 1,000")


class Line(serializers.Serializer[Any]):
    """A dataset's line of the balance sheet.

    It closes where source = bronze + lost + forgotten, and bronze = silver + quarantined + waiting.
    """

    dataset = serializers.CharField()
    from_files = serializers.IntegerField()
    offsets = serializers.IntegerField(help_text="Kafka offsets read")
    gaps = serializers.IntegerField(help_text="offsets without a record, such as transaction markers")
    from_tables = serializers.IntegerField(help_text="rows of a database and changes of them")
    lost = serializers.IntegerField(help_text="records that are gone, which somebody accepted")
    source = serializers.IntegerField()  # type: ignore[assignment] # DRF takes fields off the class
    bronze = serializers.IntegerField()
    silver = serializers.IntegerField(help_text="good records")
    quarantined = serializers.IntegerField()
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="quarantined records per first reason")
    waiting = serializers.IntegerField(help_text="rows of bronze that silver has not judged yet")
    forgotten = serializers.IntegerField(help_text="records taken out of the lake for good, or refused since")
    is_closed = serializers.BooleanField()


class SourceLine(serializers.Serializer[Any]):
    """The balance sheet of a file or a partition.

    It closes where came = bronze + forgotten + absent and bronze = good + quarantined + waiting.
    """

    dataset = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes fields off the class
    source_id = serializers.CharField(allow_null=True, help_text="sha256 of the file's content, or the partition")
    status = serializers.ChoiceField(
        ["landed", "duplicate", "rejected", "undone", "lost", "read", "unknown"],
        help_text="of a file as in ledger.files; read: offsets; unknown: nothing tells where the rows are from",
    )
    came = serializers.IntegerField(help_text="records of the file, or offsets or rows that were read")
    bronze = serializers.IntegerField()
    forgotten = serializers.IntegerField(help_text="taken out for good, or refused because they had been")
    absent = serializers.IntegerField(help_text="without a row in bronze: gaps and lost ones, those of a duplicate …")
    good = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    reasons = serializers.DictField(
        child=serializers.IntegerField(), help_text="quarantined records under each of their reasons"
    )
    waiting = serializers.IntegerField(help_text="rows of bronze that silver has not judged yet")
    is_closed = serializers.BooleanField()


class Reason(serializers.Serializer[Any]):
    """Why a record is in quarantine, or a file was refused."""

    name = serializers.CharField()
    sentence = serializers.CharField(help_text="what is wrong")
    remedy = serializers.CharField(help_text="what to do")
    of = serializers.ChoiceField(["record", "file"])


class Passport(serializers.Serializer[Any]):
    """All that the lake knows about a record; personal columns are masked without the permission to see them."""

    dataset = serializers.CharField()
    file = serializers.DictField(allow_null=True, help_text="what ledger.files says of its file; null of a message")
    bronze = serializers.DictField(help_text="its row of bronze, with its bytes as `raw`")
    silver = serializers.DictField(allow_null=True, help_text="its row of silver; null where it is not judged yet")
    reasons = serializers.DictField(child=serializers.CharField(), help_text="why it is in quarantine, a sentence each")
    run = serializers.DictField(allow_null=True, help_text="the run that judged it")
    gold = serializers.DictField(help_text="per metric the row that it counts in")


class Member(serializers.Serializer[Any]):
    """Who a record is."""

    source = serializers.CharField()  # type: ignore[assignment] # DRF takes fields off the class
    source_id = serializers.CharField()
    position = serializers.IntegerField()


class Run(serializers.Serializer[Any]):
    """A run of a job."""

    run_id = serializers.CharField()
    job = serializers.CharField()
    status = serializers.ChoiceField(
        ["succeeded", "failed", "interrupted"], help_text="interrupted: it has no end, or is still running"
    )
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    code_version = serializers.CharField(allow_null=True)
    counts = serializers.DictField(
        help_text="per table the rows added, the seconds, and what changed in the records' fields"
    )
    error = serializers.CharField(allow_null=True)
