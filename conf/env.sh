# The environment of every command of this project: `source conf/env.sh` (bash or zsh), as each recipe of the Makefile does.
# With no standard output at all a file would take its number, and get what is printed.
[ -e /dev/fd/1 ] || exec >/dev/null
_root=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)

case "$PATH" in
    "$_root/.venv/bin:"*) ;;
    *) export PATH="$_root/.venv/bin:$PATH" ;;
esac
export PYTHONPATH="$_root/jobs"
# Another Python's home is not .venv's, and what libraries warn of ends no command.
unset PYTHONHOME PYTHONWARNINGS
export SPARK_CONF_DIR="$_root/conf"
export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
# The JVM reads the names of files by the locale. Without one, as under cron, or with one that the machine does not have,
# it finds none beyond ASCII.
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8
# Else spark-submit starts a Python of its own to find it.
for _spark in "$_root"/.venv/lib/python3.*/site-packages/pyspark; do [ ! -d "$_spark" ] || export SPARK_HOME="$_spark"; done
# What the HDFS client of deltalake says of its retries is no news for a terminal.
export RUST_LOG="${RUST_LOG:-off}"

# A proxy of the machine is not asked for what is on the machine itself.
case ",${no_proxy:-}," in
    *,localhost,127.0.0.1,*) ;;
    *) export no_proxy="localhost,127.0.0.1${no_proxy:+,$no_proxy}" ;;
esac
export NO_PROXY="$no_proxy"

# The client configuration of the local HDFS, as `make up` wrote it.
STACK_HOME=$("$_root/conf/setting.sh" STACK_HOME)
case "$STACK_HOME" in /*) ;; *) STACK_HOME="$_root/$STACK_HOME" ;; esac
export STACK_HOME HADOOP_CONF_DIR="${HADOOP_CONF_DIR:-$STACK_HOME/conf/hadoop}"

# Java: the one that was asked for, else the one that `make setup` unpacked, else the machine's.
if [ -z "${JAVA_HOME:-}" ]; then
    if [ -x "$_root/build/java/bin/java" ]; then
        export JAVA_HOME="$_root/build/java"
    elif _java=$(command -v java); then
        _java=$(readlink -f "$_java")
        export JAVA_HOME="${_java%/bin/java}"
    fi
fi
unset _root _java _spark
