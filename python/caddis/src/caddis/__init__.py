"""Caddis: ephemeral Dask clusters. Importing this package imports nothing else."""
