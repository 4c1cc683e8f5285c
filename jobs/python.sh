#!/usr/bin/env bash
# Python as Spark starts it on this machine. Spark puts a zip of pyspark's sources before the installed package, and
# each process compiles it anew: 0.6 s for the driver, and as much for the workers.
IFS=: read -ra folders <<<"${PYTHONPATH:-}"
PYTHONPATH=
for folder in "${folders[@]}"; do
    [[ $folder == "$SPARK_HOME"/* ]] || PYTHONPATH+=${PYTHONPATH:+:}$folder
done
export PYTHONPATH
exec python "$@"
