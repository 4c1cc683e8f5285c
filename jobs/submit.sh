#!/usr/bin/env bash
# spark-submit as the make targets call it: `jobs/submit.sh jobs/silver.py`.
# SPARK_MASTER decides: on this machine it takes conf/spark-defaults.conf; on a cluster the jars and the shared package
# travel along, and SPARK_CONF_DIR and HADOOP_CONF_DIR are the cluster's.
set -euo pipefail
cluster_conf=${SPARK_CONF_DIR:-}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source conf/env.sh
setting() { local value=${!1:-}; echo "${value:-$(sed -n "s/^$1=//p" conf/lakehouse.env)}"; }
options=(--master "$(setting SPARK_MASTER)" --driver-memory "$(setting SPARK_DRIVER_MEMORY)")

case "$(setting SPARK_MASTER)" in
    local*)
        options+=(--properties-file conf/spark-defaults.conf)
        # Up to some 100,000 records neither the JVM's second compiler nor Spark's code generation earns what it costs;
        # a stream runs long enough for both.
        inbox=$(setting LAKEHOUSE_INBOX)
        if [[ "$*" != *--continuous* && "$(du -smL "$inbox" 2>/dev/null | cut -f1)" -lt 32 ]]; then
            java_options=$(sed -n 's/^spark.driver.extraJavaOptions *//p' conf/spark-defaults.conf)
            options+=(--driver-java-options "$java_options -XX:TieredStopAtLevel=1")
            options+=(--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN)
        fi
        # The JVM takes the archive of loaded classes (build/spark.jsa) only where no folder with files is on its class
        # path. What it needs of the local HDFS's configuration is in conf/spark-defaults.conf too.
        mkdir -p build/empty
        export SPARK_CONF_DIR=$PWD/build/empty
        [[ "$HADOOP_CONF_DIR" != "$STACK_HOME/conf/hadoop" ]] || unset HADOOP_CONF_DIR
        ;;
    *)
        export SPARK_CONF_DIR=${cluster_conf:-$SPARK_CONF_DIR}
        (cd jobs && python -m zipfile -c ../build/lakehouse.zip lakehouse)
        jars=(build/jars/spark/*.jar)
        options+=(--jars "$(IFS=,; echo "${jars[*]}")")
        options+=(--py-files build/lakehouse.zip,jobs/bronze.py,jobs/silver.py,jobs/gold.py)
        ;;
esac
# Ctrl-C is for the Python process, which lets the running micro-batches end; the JVM would stop in the middle.
trap '' INT
exec spark-submit "${options[@]}" "$@"
