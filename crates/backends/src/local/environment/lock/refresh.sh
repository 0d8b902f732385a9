#!/bin/sh
# Writes the locks beside this file anew. See README.md.
set -eu
cd "$(dirname "$0")"

lock() { # VERSION [NEWEST UPLOAD DATE]
    uv pip compile --no-config --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
        --no-header --no-annotate --quiet --upgrade ${2:+--exclude-newer "$2"} \
        --constraint line.txt --constraint constraints.in base.in --output-file "dask-$1.txt"
}

trap 'rm -f line.txt' EXIT
while read -r version date; do
    printf 'dask==%s\ndistributed==%s\n' "$version" "$version" > line.txt
    lock "$version" "$date"
done < lines

printf 'uv==%s\n' "$(cat uv-version)" > line.txt
uv pip compile --no-config --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
    line.txt --output-file uv.txt
