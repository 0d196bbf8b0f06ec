"""Objects of S3, as the end that is read and as the end that is written, by boto3."""

import dataclasses
import functools
import json
import os
import pathlib
import random
import time
import urllib.parse
import uuid

import boto3
import botocore.exceptions
from ends.end import SETTLE_SECONDS, OnServer, wait_until
from ends.file import FileSink, FileSource, is_hidden, partition_of, place_of
from formats import content_of, rows_of
from rows import Row

KEYS = ("region", "access_key_id", "secret_access_key")


@functools.cache
def settings(variable: str = "VELO_TEST_S3_URI") -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(os.environ[variable]).query))


@functools.cache
def client():
    given = settings()
    return boto3.client(
        "s3", endpoint_url=given["endpoint"], region_name=given["region"],
        aws_access_key_id=given["access_key_id"], aws_secret_access_key=given["secret_access_key"],
    )  # fmt: skip


@dataclasses.dataclass(kw_only=True)
class OnS3(OnServer):
    """The bucket is the place."""

    server = "s3"
    speaks_http = True

    place: str = dataclasses.field(default_factory=lambda: f"velo-kill-{uuid.uuid4().hex[:12]}")

    @classmethod
    def address(cls) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(settings()["endpoint"])

    def uri_of(self, path: str, **options: str) -> str:
        address = self.address()
        endpoint = f"{address.scheme}://{address.hostname}:{self.port or address.port}"
        given = {name: settings()[name] for name in KEYS}
        query = urllib.parse.urlencode({**options, "endpoint": endpoint, **given}, quote_via=urllib.parse.quote)
        return f"s3://{self.place}/{path}?{query}"

    def meet_again(self) -> None:
        client.cache_clear()
        wait_until(self.can_be_read)

    def can_be_read(self) -> bool:
        try:
            return all(self.content(key) is not None for key in self.objects())
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
            return False

    def make(self) -> None:
        client().create_bucket(Bucket=self.place)

    def remove(self) -> None:
        for upload in self.uploads():
            client().abort_multipart_upload(Bucket=self.place, Key=upload["Key"], UploadId=upload["UploadId"])
        for key in self.objects():
            client().delete_object(Bucket=self.place, Key=key)
        client().delete_bucket(Bucket=self.place)

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)

    def uploads(self) -> list[dict]:
        return client().list_multipart_uploads(Bucket=self.place).get("Uploads", [])

    def objects(self, prefix: str = "") -> dict[str, str]:
        """Keys, sorted, and ETags."""
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=self.place, Prefix=prefix)
        return {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", [])}

    def content(self, key: str) -> bytes:
        return client().get_object(Bucket=self.place, Key=key)["Body"].read()

    def put_object(self, key: str, content: bytes) -> None:
        client().put_object(Bucket=self.place, Key=key, Body=content)


@dataclasses.dataclass(kw_only=True)
class S3Source(OnS3, FileSource):
    """Objects below `in/`. A part is one object."""

    breaks = {"listing": (rb"GET /[^ ]*list-type=2", 1, False), "GET": (rb"GET /[^ ]*/in/", 8, False)}

    @classmethod
    def draw(cls, draw: random.Random) -> "S3Source":
        return cls(**vars(FileSource.draw(draw)))

    @property
    def uri(self) -> str:
        return self.uri_of(f"in/*.{self.extension}", **self.options)

    def put(self, folder: pathlib.Path, part: str, content: bytes) -> None:
        self.put_object(part, content)

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return rows_of(pathlib.PurePath(part), self.content(part))


@dataclasses.dataclass(kw_only=True)
class S3Sink(OnS3, FileSink):
    """A prefix `out/`, perhaps with an object of somebody else's in it."""

    breaks = {
        "listing": (rb"GET /[^ ]*list-type=2", 4, False),
        "fence or manifest": (rb"PUT /[^ ]*_velo/[^ ]*\.json ", 5, False),
        "upload": (rb"POST /[^ ]*\?uploads=", 5, True),
        "part": (rb"PUT /[^ ]*partNumber=", 5, True),
        "completion": (rb"POST /[^ ]*\?uploadId=", 8, True),
        "done": (rb"PUT /[^ ]*_velo/[^ ]*/done/", 3, True),
        "abort": (rb"DELETE /[^ ]*\?uploadId=", 2, True),
        "removal": (rb"DELETE /[^ ?]* ", 4, True),
    }

    @classmethod
    def draw(cls, draw: random.Random) -> "S3Sink":
        return cls(**vars(FileSink.draw(draw)))

    @property
    def uri(self) -> str:
        return self.uri_of("out/", **self.options)

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        self.put_object(self.name_of_before, content_of(pathlib.PurePath(self.name_of_before), rows))

    def visible(self) -> dict[pathlib.PurePath, str]:
        """The objects that a reader of the prefix sees, in the order of their epochs, and their ETags."""
        found = {pathlib.PurePath(key): etag for key, etag in self.objects("out/").items()}
        return {path: found[path] for path in sorted(found, key=place_of) if not is_hidden(path)}

    def rows(self, folder: pathlib.Path) -> list[Row]:
        return [row for path in self.visible() for row in rows_of(path, self.content(str(path)), partition_of(path))]

    def manifests(self) -> list[str]:
        """The newest first."""
        return [key for key in self.objects("out/_velo/") if key.endswith(".json")]

    def record_exists(self, folder: pathlib.Path) -> bool:
        manifests = self.manifests()
        return bool(manifests) and not json.loads(self.content(manifests[0]))["forgotten"]

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        return set(self.manifests())

    def state(self, folder: pathlib.Path) -> set[str]:
        return {f"{path} {etag}" for path, etag in self.visible().items()}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        """Uploads without an end, and a finished run's record."""
        record = list(self.objects("out/_velo/")) if is_run else []
        return [*record, *(f"an upload of {upload['Key']}" for upload in self.uploads())]
