"""Revenue by day and region, the share that comes back, and the best customers, from all days' Parquet files."""

import argparse

import dask
import dask.dataframe as dd
import fsspec
import pandas as pd
from dask.distributed import Client


def days(folder: str) -> list[str]:
    """The folder of each day."""
    system, path = fsspec.core.url_to_fs(folder)
    return [system.unstrip_protocol(day) for day in sorted(system.glob(f"{path}/day=*"))]


def write(table: pd.DataFrame, folder: str, name: str) -> None:
    """One table as Parquet."""
    with fsspec.open(f"{folder}/{name}.parquet", "wb", auto_mkdir=True) as file:
        table.to_parquet(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="the folder of all days' Parquet files")
    parser.add_argument("--output", required=True, help="the folder of this report")
    parser.add_argument("--top", type=int, default=10, help="how many customers")
    arguments = parser.parse_args()
    found = days(arguments.input)
    if not found:
        raise SystemExit(f"there are no days in {arguments.input}: the DAG `orders_etl` makes them")
    with Client():
        orders = dd.concat([dd.read_parquet(day) for day in found], interleave_partitions=True)
        orders = orders.assign(
            day=orders["ordered_at"].dt.floor("D"), kept=orders["amount"].where(~orders["returned"], 0.0)
        )
        revenue = orders.groupby(["day", "region"]).agg(
            {"order_id": "count", "amount": "sum", "kept": "sum", "returned": "mean"}
        )
        best = orders.groupby("customer")["kept"].sum().nlargest(arguments.top)
        revenue, best = dask.compute(revenue, best)
    revenue = revenue.rename(columns={"order_id": "orders", "returned": "share_returned"}).sort_index()
    write(revenue, arguments.output, "revenue")
    write(best.to_frame(), arguments.output, "best_customers")
    print(revenue.round(2).to_string())
    print(best.round(2).to_string())
    print(f"{revenue['orders'].sum():,} orders of {len(found)} days")


if __name__ == "__main__":
    main()
