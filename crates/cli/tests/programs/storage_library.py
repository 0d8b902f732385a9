"""Google's own library for its storage, with default credentials: all that leads it stands in the environment.

Says each thing that it saw; what is wrong is an assertion.
"""

import io
import os

import google.auth
from google.api_core import exceptions
from google.cloud import storage

client = storage.Client()
BUCKET = "team-data"
bucket = client.create_bucket(BUCKET)


def refused(kind, call):
    """The call is refused with this kind of error."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"it was not refused: {kind}")


def put(name, data=b"x", **more):
    """An object of these bytes."""
    blob = bucket.blob(name, **more)
    blob.upload_from_string(data)
    return blob


# Buckets.
refused(exceptions.Conflict, lambda: client.create_bucket(BUCKET))
refused(exceptions.NotFound, lambda: client.get_bucket("no-such-bucket"))
refused(exceptions.BadRequest, lambda: client.create_bucket("NotAName"))
bucket.labels = {"env": "staging"}
bucket.add_lifecycle_delete_rule(age=3, matches_prefix=["tmp/"])
bucket.patch()
again = client.get_bucket(BUCKET)
assert dict(again.labels) == {"env": "staging"} and len(list(again.lifecycle_rules)) == 1, again._properties
assert [b.name for b in client.list_buckets()] == [BUCKET]
assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]
print("buckets")

# Uploads: in one request, and in chunks.
blob = bucket.blob("small.txt")
blob.metadata = {"k": "v"}
blob.cache_control = "no-store"
blob.upload_from_string(b"small", content_type="text/csv", checksum="md5")
blob = bucket.get_blob("small.txt")
assert (blob.size, blob.content_type, blob.metadata, blob.cache_control) == (5, "text/csv", {"k": "v"}, "no-store")
assert blob.md5_hash and blob.crc32c and blob.etag and blob.generation and blob.metageneration == 1
large = os.urandom(3 * 256 * 1024 + 77)
bucket.blob("large", chunk_size=256 * 1024).upload_from_file(io.BytesIO(large), checksum="crc32c")
assert bucket.blob("large").download_as_bytes(checksum="crc32c") == large
with bucket.blob("written").open("wb", chunk_size=256 * 1024) as file:
    file.write(large)
with bucket.blob("written").open("rb") as file:
    file.seek(256 * 1024)
    assert file.read(1000) == large[256 * 1024 :][:1000]
url = f"{client._connection.API_BASE_URL}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=simple"
assert client._http.post(url, data=b"simple").json()["size"] == "6"
put("empty", b"")
assert bucket.blob("empty").download_as_bytes() == b""
print("uploads")

# Ranges.
assert bucket.blob("large").download_as_bytes(start=5, end=9) == large[5:10]
assert bucket.blob("large").download_as_bytes(start=len(large) - 3) == large[-3:]
refused(exceptions.RequestRangeNotSatisfiable, lambda: bucket.blob("small.txt").download_as_bytes(start=5))
refused(exceptions.NotFound, lambda: bucket.blob("none").download_as_bytes())
print("ranges")

# Lists.
for name in ["tree/a", "tree/b/1", "tree/b/2", "tree/c.csv"]:
    put(name)
listed = client.list_blobs(BUCKET, prefix="tree/", delimiter="/")
assert [b.name for b in listed] == ["tree/a", "tree/c.csv"] and listed.prefixes == {"tree/b/"}
pages = client.list_blobs(BUCKET, prefix="tree/", page_size=1, fields="items(name),nextPageToken").pages
assert [[b.name for b in page] for page in pages] == [["tree/a"], ["tree/b/1"], ["tree/b/2"], ["tree/c.csv"]]
assert [b.name for b in client.list_blobs(BUCKET, match_glob="tree/**.csv")] == ["tree/c.csv"]
assert [b.name for b in client.list_blobs(BUCKET, start_offset="tree/b/2", end_offset="tree/d")] == ["tree/b/2", "tree/c.csv"]
print("lists")

# Preconditions and metadata.
lock = put("lock")
refused(exceptions.PreconditionFailed, lambda: bucket.blob("lock").upload_from_string("y", if_generation_match=0))
refused(exceptions.PreconditionFailed, lambda: lock.delete(if_generation_match=lock.generation + 1))
lock.upload_from_string("z", if_generation_match=lock.generation)
lock.metadata = {"one": "1"}
lock.patch(if_metageneration_match=1)
assert lock.metageneration == 2
refused(exceptions.PreconditionFailed, lambda: lock.patch(if_metageneration_match=1))
print("preconditions")

# Copies and what is made of several.
copy = bucket.copy_blob(bucket.blob("small.txt"), bucket, "copies/small.txt")
assert (copy.size, copy.metadata, copy.content_type) == (5, {"k": "v"}, "text/csv")
other = bucket.blob("copies/rewritten")
other.content_type = "text/plain"
assert other.rewrite(bucket.blob("large")) == (None, len(large), len(large)) and other.content_type == "text/plain"
renamed = bucket.rename_blob(bucket.blob("copies/small.txt"), "copies/renamed.txt")
assert renamed.exists() and not bucket.blob("copies/small.txt").exists()
both = bucket.blob("both")
both.compose([bucket.blob("small.txt"), bucket.blob("simple")])
assert both.download_as_bytes() == b"smallsimple" and both.component_count == 2 and both.md5_hash is None
refused(exceptions.NotFound, lambda: bucket.blob("no").compose([bucket.blob("none")]))
print("copies")

# Names that mean something elsewhere.
names = ["../../../etc/passwd", "/etc/passwd", "a//b/../c", "ünï/…/😀", "x?y#z&a=b+c%20%2F", " ", "a" * 1024, "tab\there", "\\", "con:"]
for name in names:
    put(name, name.encode())
for name in names:
    assert bucket.blob(name).download_as_bytes() == name.encode(), name
assert {b.name for b in client.list_blobs(BUCKET)} >= set(names)
for name in ["..", "a\nb", "b" * 1025]:
    refused(exceptions.ClientError, lambda: put(name))
print("names")

# Batches.
with client.batch():
    bucket.blob(names[0]).delete()
    bucket.blob(names[3]).delete()
assert not bucket.blob(names[3]).exists()
missing = []
bucket.delete_blobs([bucket.blob(names[1]), bucket.blob("none")], on_error=missing.append)
assert [b.name for b in missing] == ["none"] and not bucket.blob(names[1]).exists()
refused(exceptions.Conflict, lambda: bucket.delete())
print("batches")

# The service account's key, by which tokens are asked for, without the secret in the address.
port = os.environ["STORAGE_EMULATOR_HOST"].split("/")[2]
keyed, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/devstorage.read_write"])
plain = storage.Client(project="p", credentials=keyed, client_options={"api_endpoint": f"https://{port}"})
assert plain.bucket(BUCKET).blob("simple").download_as_bytes() == b"simple"
print("tokens")

rest = list(client.list_blobs(BUCKET))
with client.batch():
    for blob in rest:
        blob.delete()
bucket.delete()
assert list(client.list_buckets()) == []
print("gone")
