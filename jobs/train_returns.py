"""Which orders come back: a logistic regression over all days' Parquet files, by gradient steps on the cluster.

A fifth of the orders is held back. A model that is no better there than always saying the same fails the job, and is
not written.
"""

import argparse
import json

import dask.array as da
import dask.dataframe as dd
import fsspec
import numpy as np
from dask.distributed import Client

FEATURES = ["amount", "items", "night"]
HELD_BACK = 5  # every fifth order


def days(folder: str) -> list[str]:
    """The folder of each day."""
    system, path = fsspec.core.url_to_fs(folder)
    return [system.unstrip_protocol(day) for day in sorted(system.glob(f"{path}/day=*"))]


def table(found: list[str]) -> da.Array:
    """A row for each order: 1, its features, and whether it came back. It stays in the cluster's memory."""
    orders = dd.concat([dd.read_parquet(day) for day in found], interleave_partitions=True)
    orders = orders.assign(one=1.0, night=orders["ordered_at"].dt.hour < 6)
    rows = orders[["one", *FEATURES, "returned"]].astype("float64").persist()
    return rows.to_dask_array(lengths=True)


def scale(rows: da.Array) -> tuple[da.Array, np.ndarray, np.ndarray]:
    """Features around 0 with a deviation of 1; the first column and the last stay as they are."""
    mean, deviation = da.compute(rows.mean(axis=0), rows.std(axis=0))
    mean[[0, -1]], deviation[[0, -1]] = 0.0, 1.0
    deviation[deviation == 0] = 1.0
    return (rows - mean) / deviation, mean[1:-1], deviation[1:-1]


def fit(features: da.Array, target: da.Array, used: da.Array, steps: int, rate: float) -> np.ndarray:
    """Gradient descent with momentum: each step is one pass over the cluster's memory."""
    weights, speed, many = np.zeros(features.shape[1]), np.zeros(features.shape[1]), float(used.sum().compute())
    for _ in range(steps):
        wrong = (1 / (1 + da.exp(-da.dot(features, weights))) - target) * used
        speed = 0.9 * speed - rate * da.dot(features.T, wrong).compute() / many
        weights = weights + speed
    return weights


def log_loss(features: da.Array, target: da.Array, used: da.Array, weights: np.ndarray) -> tuple[float, float]:
    """How surprised the model is by what happened, and how surprised guessing is; less is better."""
    odds = da.dot(features, weights)
    surprise = ((da.log1p(da.exp(odds)) - target * odds) * used).sum()
    surprise, back, many = da.compute(surprise, (target * used).sum(), used.sum())
    share = back / many
    return surprise / many, -(share * np.log(share) + (1 - share) * np.log(1 - share))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="the folder of all days' Parquet files")
    parser.add_argument("--output", required=True, help="the model's JSON file")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rate", type=float, default=0.3)
    arguments = parser.parse_args()
    found = days(arguments.input)
    if not found:
        raise SystemExit(f"there are no days in {arguments.input}: the DAG `orders_etl` makes them")
    with Client():
        rows, mean, deviation = scale(table(found))
        rows = rows.persist()
        held = (da.arange(rows.shape[0], chunks=(rows.chunks[0],)) % HELD_BACK == 0).persist()
        weights = fit(rows[:, :-1], rows[:, -1], ~held, arguments.steps, arguments.rate)
        loss, guessing = log_loss(rows[:, :-1], rows[:, -1], held, weights)
    print(f"log loss {loss:.4f} on what was held back; guessing has {guessing:.4f}")
    if not loss < guessing:
        raise SystemExit("the model is no better than guessing: it is not written")
    model = {
        "features": FEATURES,
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "weights": weights.tolist(),
        "log_loss": loss,
        "orders": rows.shape[0],
    }
    with fsspec.open(arguments.output, "w", auto_mkdir=True) as file:
        json.dump(model, file, indent=1)
    print(f"a model of {rows.shape[0]:,} orders is in {arguments.output}")


if __name__ == "__main__":
    main()
