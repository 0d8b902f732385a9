"""A bucket as the hook of Airflow's provider sees it: `make BUCKET`, `names BUCKET`, `read BUCKET OBJECT`."""

import sys

from airflow.providers.google.cloud.hooks.gcs import GCSHook

hook = GCSHook()
what, bucket, *rest = sys.argv[1:]
if what == "make":
    hook.create_bucket(bucket_name=bucket)
elif what == "names":
    print(*hook.list(bucket), sep="\n")
else:
    print(hook.download(bucket_name=bucket, object_name=rest[0]).decode())
