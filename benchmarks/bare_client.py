"""What a system's own client does with the rows that velo moves, nothing decoded: bare_client.py JOB MARK [ARGUMENT …]."""
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import urllib.request

FOLDER = pathlib.Path("build/bench/servers")


def parts(name: str) -> tuple[urllib.parse.SplitResult, dict[str, str]]:
    address = urllib.parse.urlsplit(os.environ[f"VELO_TEST_{name}_URI"])
    return address, dict(urllib.parse.parse_qsl(address.query))


def postgresql():
    import psycopg

    return psycopg.connect(os.environ["VELO_TEST_POSTGRESQL_URI"], autocommit=True)


def postgresql_in(mark: str) -> None:
    with postgresql() as session, session.cursor().copy(f"COPY {mark} FROM STDIN (FORMAT binary)") as copy:
        with open(FOLDER / "orders.pgcopy", "rb") as file:
            while data := file.read(1 << 20):
                copy.write(data)


def postgresql_out(mark: str) -> None:
    with postgresql() as session, session.cursor().copy(f"COPY {mark} TO STDOUT (FORMAT binary)") as copy:
        for _ in copy:
            pass


def clickhouse(query: str, body=b""):
    address, _ = parts("CLICKHOUSE")
    request = urllib.request.Request(
        f"http://{address.hostname}:{address.port}/?" + urllib.parse.urlencode({"query": query}), data=body, method="POST",
        headers={"X-ClickHouse-User": address.username, "X-ClickHouse-Key": address.password})
    return urllib.request.urlopen(request)


def drain(answer) -> None:
    while answer.read(1 << 20):
        pass


def clickhouse_in(mark: str) -> None:
    drain(clickhouse(f"INSERT INTO {mark} FORMAT Native", (FOLDER / "orders.native").read_bytes()))


def clickhouse_out(mark: str) -> None:
    drain(clickhouse(f"SELECT * FROM {mark} FORMAT Native"))


def kafka() -> dict[str, str]:
    return {"bootstrap.servers": parts("KAFKA")[0].netloc}


def kafka_in(mark: str) -> None:
    import confluent_kafka

    producer = confluent_kafka.Producer({**kafka(), "transactional.id": mark, "linger.ms": 50})
    producer.init_transactions()
    producer.begin_transaction()
    with open(FOLDER / "orders.json", "rb") as lines:
        for line in lines:
            while True:
                try:
                    producer.produce(mark, line[:-1])
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.commit_transaction()


def kafka_out(mark: str) -> None:
    import confluent_kafka

    consumer = confluent_kafka.Consumer({**kafka(), "group.id": mark, "isolation.level": "read_committed", "enable.partition.eof": True})
    consumer.assign([confluent_kafka.TopicPartition(mark, 0, confluent_kafka.OFFSET_BEGINNING)])
    while all(not message.error() for message in consumer.consume(10_000, 1)):
        pass


def s3():
    import boto3

    _, options = parts("S3")
    return boto3.client("s3", endpoint_url=options["endpoint"], region_name=options["region"],
                        aws_access_key_id=options["access_key_id"], aws_secret_access_key=options["secret_access_key"])


def s3_in(mark: str) -> None:
    s3().create_bucket(Bucket=bucket_of(mark)) if not has_bucket(mark) else None
    s3().upload_file(str(FOLDER / "orders.parquet"), bucket_of(mark), f"{mark}/orders.parquet")


def s3_out(mark: str) -> None:
    drain(s3().get_object(Bucket=bucket_of(mark), Key=f"{mark}/orders.parquet")["Body"])


def bucket_of(mark: str) -> str:
    return mark.replace("_", "-")


def has_bucket(mark: str) -> bool:
    return any(bucket["Name"] == bucket_of(mark) for bucket in s3().list_buckets()["Buckets"])


def iceberg():
    from pyiceberg.catalog.rest import RestCatalog

    _, options = parts("S3")
    return RestCatalog("bench", uri=parts("ICEBERG")[1]["catalog_uri"], **{
        "s3.endpoint": options["endpoint"], "s3.region": options["region"],
        "s3.access-key-id": options["access_key_id"], "s3.secret-access-key": options["secret_access_key"]})


def iceberg_in(mark: str) -> None:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(FOLDER / "orders.parquet")
    iceberg().create_table_if_not_exists(f"{mark}.orders", schema=rows.schema).append(rows)


def iceberg_out(mark: str) -> None:
    iceberg().load_table(f"{mark}.orders").scan().to_arrow()


def count(mark: str, system: str, expected: str) -> None:
    """End with an error where the server does not have so many rows."""
    if system == "PostgreSQL":
        with postgresql() as session:
            found = session.execute(f"SELECT count(*) FROM {mark}").fetchone()[0]
    elif system == "ClickHouse":
        found = int(clickhouse(f"SELECT count() FROM {mark}").read())
    elif system == "Kafka":
        import confluent_kafka

        found = 0
        consumer = confluent_kafka.Consumer({**kafka(), "group.id": mark, "isolation.level": "read_committed",
                                             "enable.partition.eof": True})
        consumer.assign([confluent_kafka.TopicPartition(mark, 0, confluent_kafka.OFFSET_BEGINNING)])
        while True:
            messages = consumer.consume(10_000, 1)
            found += sum(not message.error() for message in messages)
            if any(message.error() for message in messages):
                break
        consumer.close()
    elif system == "S3":
        import io

        import pyarrow.parquet

        found = 0
        for each in s3().list_objects_v2(Bucket=bucket_of(mark))["Contents"]:
            data = s3().get_object(Bucket=bucket_of(mark), Key=each["Key"])["Body"].read()
            found += pyarrow.parquet.ParquetFile(io.BytesIO(data)).metadata.num_rows
    else:
        found = iceberg().load_table(f"{mark}.orders").scan().count()
    if found != int(expected):
        sys.exit(f"{system} has {found} rows, and not {expected}")


def pg_recvlogical(*arguments: str) -> None:
    sys.path.insert(0, "dev/servers.d")
    from postgresql import Postgresql

    address, _ = parts("POSTGRESQL")
    subprocess.run([Postgresql.programs(None) / "pg_recvlogical", "-d", address.path[1:], *arguments], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PGHOST": address.hostname, "PGPORT": str(address.port), "PGUSER": address.username,
                        "PGPASSWORD": address.password})


def change(mark: str) -> None:
    """As many new rows again, for who follows."""
    with postgresql() as session:
        if not session.execute("SELECT FROM pg_replication_slots WHERE slot_name = %s", (mark,)).fetchall():
            session.execute(f"CREATE PUBLICATION {mark} FOR TABLE {mark}")
            session.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (mark,))
        session.execute(f"INSERT INTO {mark} SELECT * FROM {mark}_base")


def changes_out(mark: str) -> None:
    with postgresql() as session:
        end = session.execute("SELECT pg_current_wal_lsn()").fetchone()[0]
        session.execute("SELECT pg_logical_emit_message(false, 'end', '')")  # so that the log goes on beyond the end
    pg_recvlogical("--slot", mark, "--start", "--endpos", str(end), "--no-loop", "-f", "-", "-o", "proto_version=1", "-o",
                   f"publication_names={mark}")


def prepare(mark: str, velo: str, num_rows: str) -> None:
    """The rows in each client's own format, and empty tables for them."""
    orders = f"generate://orders?rows={num_rows}"

    def copy(target: str) -> None:
        subprocess.run([velo, "copy", orders, target], check=True, stderr=subprocess.DEVNULL)

    copy(f"{FOLDER}/orders.parquet")
    copy(f"{FOLDER}/orders.json")
    for name in ("POSTGRESQL", "CLICKHOUSE"):
        copy(os.environ[f"VELO_TEST_{name}_URI"] + f"?table={mark}_base")
    with postgresql() as session, session.cursor().copy(f"COPY {mark}_base TO STDOUT (FORMAT binary)") as rows:
        with open(FOLDER / "orders.pgcopy", "wb") as file:
            file.writelines(rows)
    (FOLDER / "orders.native").write_bytes(clickhouse(f"SELECT * FROM {mark}_base FORMAT Native").read())
    iceberg().create_namespace_if_not_exists(mark)
    if not has_bucket(mark):
        s3().create_bucket(Bucket=bucket_of(mark))


def empty(mark: str, system: str) -> None:
    if system == "PostgreSQL":
        with postgresql() as session:
            session.execute(f"DROP TABLE IF EXISTS {mark}")
            session.execute(f"CREATE TABLE {mark} (LIKE {mark}_base)")
            session.execute(f"ALTER TABLE {mark} REPLICA IDENTITY FULL")  # for those who follow its changes
    elif system == "ClickHouse":
        drain(clickhouse(f"DROP TABLE IF EXISTS {mark} SYNC"))
        drain(clickhouse(f"CREATE TABLE {mark} AS {mark}_base"))
    elif system == "Kafka":
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient(kafka())
        if mark in admin.list_topics(timeout=30).topics:
            admin.delete_topics([mark])[mark].result(30)
            time.sleep(1)
        admin.create_topics([NewTopic(mark, 1, 1)])[mark].result(30)
    elif system == "S3":
        for found in s3().list_objects_v2(Bucket=bucket_of(mark)).get("Contents", []):
            s3().delete_object(Bucket=bucket_of(mark), Key=found["Key"])
    elif iceberg().table_exists(f"{mark}.orders"):
        iceberg().drop_table(f"{mark}.orders")


def remove(mark: str) -> None:
    for system in ("Kafka", "S3", "Iceberg"):
        empty(mark, system)
    with postgresql() as session:
        session.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE strpos(slot_name, %s) > 0", (mark,))
        for publication, in session.execute("SELECT pubname FROM pg_publication WHERE strpos(pubname, %s) > 0", (mark,)).fetchall():
            session.execute(f"DROP PUBLICATION {publication}")
        session.execute(f"DROP TABLE IF EXISTS {mark}, {mark}_base")
    for table in (mark, f"{mark}_base"):
        drain(clickhouse(f"DROP TABLE IF EXISTS {table} SYNC"))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
