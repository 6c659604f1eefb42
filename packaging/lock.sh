#!/bin/sh
# Writes the two lock files from pyproject.toml: every package, exact versions.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
"$PYTHON" -m pip install --quiet pip-tools

compile() {
    output=$1
    shift
    "$PYTHON" -m piptools compile --quiet --no-header --no-annotate --strip-extras \
        --no-emit-index-url --no-emit-find-links --allow-unsafe "$@" \
        --output-file "$output" pyproject.toml
    # A local build of torch satisfies the public version; the lock names the public one.
    sed -i 's/^\(torch==[0-9.]*\)+.*/\1/; /^--/d; /^$/d' "$output"
}

compile packaging/requirements.lock
compile packaging/requirements-dev.lock --extra dev
