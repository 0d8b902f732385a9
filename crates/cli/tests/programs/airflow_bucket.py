"""A bucket as the hook of Airflow's provider sees it.

`make BUCKET [FILE...]` makes it, with these files in it; `names BUCKET` lists it, `read BUCKET OBJECT` prints an object.
"""

import pathlib
import sys

from airflow.providers.google.cloud.hooks.gcs import GCSHook

hook = GCSHook()
what, bucket, *rest = sys.argv[1:]
if what == "make":
    hook.create_bucket(bucket_name=bucket)
    for file in rest:
        hook.upload(bucket_name=bucket, object_name=pathlib.Path(file).name, filename=file)
elif what == "names":
    print(*hook.list(bucket), sep="\n")
else:
    print(hook.download(bucket_name=bucket, object_name=rest[0]).decode())
