#!/usr/bin/env bash
# Writes the locks of the two Airflow lines anew. Needs uv. No index address gets into them.
#
# 2.7.3 has no pins of its own that hold today: what it was released with is what the world was two weeks later.
set -euo pipefail
cd "$(dirname "$0")"
lock() {
  uv pip compile --quiet --python-version 3.11 --no-annotate --no-header "${@:3}" "$1" --output-file "$2"
}
lock airflow-2.7.3.in airflow-2.7.3.txt --exclude-newer 2023-11-20
lock airflow-3.in airflow-3.txt
