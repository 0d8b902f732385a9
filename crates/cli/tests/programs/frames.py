"""Arrays, bags, dataframes and delayed values, with the P2P shuffle."""

import dask
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
from connect import connect
from distributed import futures_of, performance_report, progress, wait


@dask.delayed
def add(x, y):
    return x + y


def frame():
    rows = 20_000
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {"key": rng.integers(0, 97, rows), "value": rng.integers(0, 1000, rows), "word": rng.choice(list("abcde"), rows)}
    )
    return dd.from_pandas(table, npartitions=12)


def main(client):
    total = 0
    for i in range(20):
        total = add(total, i)
    print("delayed", total.compute(), dask.compute(add(1, 2), {"a": add("x", "y")}))

    array = da.arange(1_000_000, chunks=100_000).reshape(1000, 1000)
    print("array", int((array + array.T).sum().compute()), array.mean(axis=0)[:3].compute())
    print("matrix", int((array[:50] @ array.T[:, :50]).trace().compute() % 1_000_003))
    random = da.random.default_rng(1).random((500, 500), chunks=(100, 100))
    print("persisted", float(random.persist().std().compute().round(6)))
    print("rechunk", int(array.rechunk((1000, 10), method="p2p").sum().compute()))

    bag = db.from_sequence(range(1000), npartitions=8)
    print("bag", bag.filter(lambda x: x % 3 == 0).map(str).map(len).frequencies(sort=True).compute())
    print("fold", bag.fold(lambda a, b: a + b).compute(), bag.groupby(lambda x: x % 4).map(lambda g: (g[0], len(g[1]))).compute()[:1])

    with dask.config.set({"dataframe.shuffle.method": "p2p"}):
        table = frame()
        shuffled = table.shuffle("key", npartitions=7)
        print("shuffle", shuffled.npartitions, len(shuffled))
        spread = shuffled.map_partitions(lambda part: pd.Series([part["key"].nunique()])).compute().sum()
        print("each key in one partition", int(spread), int(table["key"].nunique().compute()))
        merged = table.merge(frame(), on=["key", "value"], how="inner")
        print("merge", len(merged))
        print("set_index", int(table.set_index("value")["key"].sum().compute()))
    print("groupby", table.groupby("word")["value"].agg(["sum", "count"]).compute().sort_index().to_dict())
    print("describe", table["value"].describe().compute().round(3).to_dict())
    print("sorted", table.sort_values(["value", "key"]).head(3, npartitions=-1).values.tolist())
    table.to_parquet("table.parquet")
    print("parquet", dd.read_parquet("table.parquet")["value"].sum().compute())
    table.to_csv("csv/*.csv", index=False)
    print("csv", len(dd.read_csv("csv/*.csv")))

    kept = table.persist()
    wait(kept)
    print("futures", len(futures_of(kept)), {f.status for f in futures_of(kept)})
    with performance_report(filename="report.html"):
        kept["value"].mean().compute()
    print("report", "<html" in open("report.html").read())
    print("profile", sorted(client.profile())[:2], len(client.get_task_stream()) > 0)


if __name__ == "__main__":
    with connect() as client:
        main(client)
