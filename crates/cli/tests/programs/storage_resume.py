"""A resumable upload that goes on after its connection was cut, and after its server was killed.

Says `paused` when the server may be killed; goes on when a line comes.
"""

import hashlib
import io
import os
import socket
import ssl
import sys

from google.cloud import storage
from google.resumable_media.requests import ResumableUpload

CHUNK = 256 * 1024
client = storage.Client()
bucket = client.create_bucket("team-uploads")
data = bytes(i * 7 % 251 for i in range(4 * CHUNK + 123))
url = f"{client._connection.API_BASE_URL}/upload/storage/v1/b/team-uploads/o?uploadType=resumable"
upload = ResumableUpload(url, CHUNK)
upload.initiate(client._http, io.BytesIO(data), {"name": "large"}, "application/octet-stream")
upload.transmit_next_chunk(client._http)
assert upload.bytes_uploaded == CHUNK
assert client._http.get(f"{client._connection.API_BASE_URL}/storage/v1/b/team-uploads/o/large").status_code == 404

# A connection that is cut within a chunk: what came is kept, a part of it or all.
host, _, path = upload.resumable_url.removeprefix("https://").partition("/")
name, _, port = host.partition(":")
with socket.create_connection((name, int(port))) as plain:
    with ssl.create_default_context().wrap_socket(plain, server_hostname=name) as wire:
        head = f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {CHUNK}\r\nContent-Range: bytes {CHUNK}-{2 * CHUNK - 1}/{len(data)}\r\n\r\n"
        wire.sendall(head.encode() + data[CHUNK : CHUNK + 70_000])
upload._invalid = True
upload.recover(client._http)
assert CHUNK <= upload.bytes_uploaded <= CHUNK + 70_000, upload.bytes_uploaded
upload.transmit_next_chunk(client._http)
print("paused", flush=True)
sys.stdin.readline()

upload._invalid = True
upload.recover(client._http)
assert upload.bytes_uploaded >= 2 * CHUNK, upload.bytes_uploaded
while not upload.finished:
    upload.transmit_next_chunk(client._http)
got = bucket.blob("large").download_as_bytes(checksum="md5")
assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
assert not [name for name in os.listdir(sys.argv[1]) if not name.endswith(".json")], "the bytes are the object's alone"
print("finished", flush=True)
