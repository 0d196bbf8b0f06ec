# on_default_ports.sh TEST.py: run it in a network of its own, where the servers listen on the systems'
# default ports.
set -eu
servers=$VELO_SOURCE_DIR/dev/servers
"$servers" up --default-ports
code=0
"$servers" run --default-ports sh -c 'exec "$VELO_TEST_PYTHON" -B "$0"' "$1" || code=$?
"$servers" down --default-ports
exit $code
