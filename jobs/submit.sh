#!/usr/bin/env bash
# spark-submit as the make targets call it: `jobs/submit.sh jobs/silver.py`.
# SPARK_MASTER decides: on this machine it takes conf/spark-defaults.conf; on YARN conf/spark-yarn, what `make package`
# keeps on HDFS, and the cluster's HADOOP_CONF_DIR.
set -euo pipefail
CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")/.."
source conf/env.sh
setting() { conf/setting.sh "$1"; }
# How much has come into the inbox since the last run on this lake.
new_megabytes() {
    local lake last_run
    lake=$(setting LAKEHOUSE_URL)
    last_run=$STACK_HOME/last-run/${lake//[^A-Za-z0-9]/_}
    # An inbox on HDFS is not looked through for it: it may hold much.
    [[ "$(setting LAKEHOUSE_INBOX)" != hdfs:* ]] || { echo 1000; return; }
    find -L "$(setting LAKEHOUSE_INBOX)" -type f $([[ ! -e $last_run ]] || echo -cnewer "$last_run") -printf '%s\n' 2>/dev/null |
        awk '{bytes += $1} END {print int(bytes / 1048576)}'
}
# What a run writes beside the lake lies in a folder of its own, named by its process; those of ended runs go.
temporary=${TMPDIR:-$STACK_HOME}/lakehouse-tmp
for folder in "$temporary"/*; do
    [[ ! -d $folder ]] || kill -0 "${folder##*/}" 2>/dev/null || rm -rf "$folder"
done
export TMPDIR=$temporary/$$ SPARK_LOCAL_DIRS=$temporary/$$
mkdir -p "$TMPDIR"
# Each native call has a thread of its own, and the C library keeps up to 8 areas of memory a core for threads.
export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2}
# The JVM that only puts together the command of the other one.
export SPARK_LAUNCHER_OPTS=${SPARK_LAUNCHER_OPTS:--XX:TieredStopAtLevel=1 -XX:+UseSerialGC}
# The JVM comes to HDFS as the writer of the lake.
hdfs_user=$(setting HDFS_USER)
[[ -z "$hdfs_user" ]] || export HADOOP_USER_NAME=${HADOOP_USER_NAME:-$hdfs_user}
# Options of a JVM are split at blanks and quotes: paths stand among them as bash would quote them.
printf -v quoted_tmp %q "$TMPDIR"
printf -v quoted_root %q "$PWD"
memory=$(setting SPARK_DRIVER_MEMORY)
if [[ ! "$memory" =~ ^([1-9][0-9]*g|1[1-9][0-9]{2}m|[2-9][0-9]{3}m|[0-9]{5,}m)$ ]]; then
    echo "SPARK_DRIVER_MEMORY=$memory cannot be used: a size from 1g on is needed, such as 3g or 1500m." >&2
    exit 2
fi
submit=(spark-submit)
options=(--master "$(setting SPARK_MASTER)" --driver-memory "$memory")

quick=
# Code that Spark generates for a query does not earn what it costs in the short steps of a stream; up to some 100,000
# new records the JVM's second compiler does not either. What judges records again reads what is stored.
if [[ "$*" == *--continuous* || ("$*" != *replay.py* && "$*" != *what_if.py* && "$*" != *forget.py* && "$(new_megabytes)" -lt 32) ]]; then
    quick=" -XX:TieredStopAtLevel=1"
    options+=(--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN)
fi

case "$(setting SPARK_MASTER)" in
    local*)
        options+=(--properties-file conf/spark-defaults.conf)
        java_options="$(sed -n 's/^spark.driver.extraJavaOptions *//p' conf/spark-defaults.conf)$quick -Djava.io.tmpdir=$quoted_tmp"
        # The heap of a stream fills within minutes and then stays; 150 MB of it are in use.
        [[ "$*" != *--continuous* ]] || java_options+=" -Xms384m -Xmn192m"
        options+=(--driver-java-options "$java_options" --conf "spark.hadoop.dfs.replication=$(setting HDFS_REPLICATION)")
        # The JVM takes the archive of loaded classes (build/spark.jsa) only where no folder with files is on its class
        # path. What it needs of the local HDFS's configuration is in conf/spark-defaults.conf too.
        mkdir -p build/empty
        # At the end of the class path, so that the archive fits; for lakes at s3a://.
        export SPARK_DIST_CLASSPATH="build/jars/s3/*"
        export PYSPARK_PYTHON=${PYSPARK_PYTHON:-$PWD/jobs/python.sh}
        export SPARK_CONF_DIR=$PWD/build/empty
        [[ "$HADOOP_CONF_DIR" != "$STACK_HOME/conf/hadoop" ]] || unset HADOOP_CONF_DIR
        ;;
    *)
        # Any other master than yarn is refused here, by the settings.
        python -m docker.native.package --properties "$TMPDIR/spark.properties"
        export SPARK_CONF_DIR=$PWD/conf/spark-yarn PYSPARK_PYTHON=./env/bin/python
        # pyspark is in the package: else Spark uploads its own zip of it each time.
        export PYSPARK_ARCHIVES_PATH=local:/env
        options+=(--properties-file "$TMPDIR/spark.properties" --load-spark-defaults)
        # What is to be forgotten stands in this process's environment, and in the launch script of no container.
        [[ "$*" != *forget.py* ]] || export SPARK_DEPLOY_MODE=client
        java_options="$(sed -n 's/^spark.executor.extraJavaOptions *//p' conf/spark-yarn/spark-defaults.conf)$quick"
        options+=(--deploy-mode "$(setting SPARK_DEPLOY_MODE)" --conf "spark.executor.extraJavaOptions=$java_options")
        if [[ $(setting SPARK_DEPLOY_MODE) == cluster ]]; then
            # This machine's paths are none of a container's.
            submit=(python -m docker.native.yarn spark-submit)
            export SPARK_SUBMIT_OPTS="-Dlog4j2.configurationFile=$quoted_root/conf/spark-yarn/log4j2.properties"
            options+=(--driver-java-options "$java_options")
        else
            export PYSPARK_DRIVER_PYTHON=$PWD/jobs/python.sh
            options+=(--driver-class-path "$PWD/build/jars/spark/*")
            options+=(--driver-java-options "$java_options -Djava.io.tmpdir=$quoted_tmp -Dlog4j2.configurationFile=$quoted_root/conf/log4j2.properties")
        fi
        ;;
esac
# Ctrl-C is for the Python process, which lets the running step end; the JVM would stop in the middle.
trap '' INT
exec "${submit[@]}" "${options[@]}" "$@"
