"""A bucket as the hook of Airflow's provider sees it.

`make BUCKET [FILE...]` makes it, with these files in it; `names BUCKET` lists it, `read BUCKET OBJECT` reads an object of
JSON. The last line of what is printed, behind Airflow's own words, is the answer as JSON.
"""

import json
import pathlib
import sys

from airflow.providers.google.cloud.hooks.gcs import GCSHook

hook = GCSHook()
what, bucket, *rest = sys.argv[1:]
if what == "make":
    hook.create_bucket(bucket_name=bucket)
    for file in rest:
        hook.upload(bucket_name=bucket, object_name=pathlib.Path(file).name, filename=file)
    answer = None
elif what == "names":
    answer = hook.list(bucket)
else:
    answer = json.loads(hook.download(bucket_name=bucket, object_name=rest[0]))
print(json.dumps(answer))
