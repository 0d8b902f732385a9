"""gcsfs and pandas with default credentials: all that leads them stands in the environment."""

import os

import gcsfs
import pandas as pd

fs = gcsfs.GCSFileSystem()
fs.mkdir("team-files")
fs.pipe("team-files/a/one.txt", b"0123456789")
assert fs.cat("team-files/a/one.txt") == b"0123456789"
assert fs.cat_file("team-files/a/one.txt", 3, 6) == b"345" and fs.cat_file("team-files/a/one.txt", -2) == b"89"
assert fs.info("team-files/a/one.txt")["size"] == 10
print("pipes")

large = os.urandom(5 * 2**20 + 11)
with fs.open("team-files/a/large", "wb", block_size=2**20) as file:
    file.write(large)
with fs.open("team-files/a/large", "rb") as file:
    file.seek(2**20)
    assert file.read(100) == large[2**20 : 2**20 + 100]
assert fs.cat("team-files/a/large") == large
with fs.open("team-files/empty", "wb"):
    pass
assert fs.info("team-files/empty")["size"] == 0
print("files")

fs.copy("team-files/a/one.txt", "team-files/b/two.txt")
fs.mv("team-files/b/two.txt", "team-files/b/three ü?#.txt")
assert sorted(fs.find("team-files")) == [
    "team-files/a/large", "team-files/a/one.txt", "team-files/b/three ü?#.txt", "team-files/empty"]
assert fs.ls("team-files", detail=False) == ["team-files/a", "team-files/b", "team-files/empty"]
assert fs.glob("team-files/*/*.txt") == ["team-files/a/one.txt", "team-files/b/three ü?#.txt"]
fs.setxattrs("team-files/a/one.txt", content_type="text/plain", owner="ann")
fs.invalidate_cache()
assert fs.getxattr("team-files/a/one.txt", "owner") == "ann"
assert fs.info("team-files/a/one.txt")["contentType"] == "text/plain"
with fs.transaction:
    with fs.open("team-files/late", "wb", block_size=2**18) as file:
        file.write(large[: 2**19])
    assert not fs.exists("team-files/late")
fs.invalidate_cache()
assert fs.info("team-files/late")["size"] == 2**19
print("names")

frame = pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
frame.to_csv("gs://team-files/frame.csv", index=False)
assert pd.read_csv("gs://team-files/frame.csv").groupby("k").v.sum().to_dict() == {"a": 4, "b": 2}
frame.to_parquet("gs://team-files/frame.parquet")
assert pd.read_parquet("gs://team-files/frame.parquet").equals(frame)
print("frames")

fs.rm("team-files", recursive=True)
assert not fs.exists("team-files")
print("gone")
