# Runs PostgreSQL for a server, and stops it when the server is gone. Standard input is a pipe whose other end only the server has, so
# it is closed when the server ends, in whatever way. The server reads this script as text and gives it to `sh -c`, because the user
# that PostgreSQL runs as may not be able to read this file.
#
# $1: the directory of PostgreSQL's socket. The rest: PostgreSQL's command. Prints PostgreSQL's pid on standard output.
sockets=$1
shift
exec 3<&0
"$@" 3<&- </dev/null >&2 &
postgres=$!
echo "$postgres"

gone=
trap 'gone=yes' TERM
# The server never writes to the pipe, so the read ends when the pipe is closed.
{ read -r _ <&3; kill -TERM $$; } </dev/null >/dev/null 2>&1 &
reader=$!

# A trapped signal ends the wait early.
wait "$postgres"
code=$?
if [ "$gone" ]; then
  # INT: fast shutdown, running transactions are rolled back. After 20 s QUIT: at once, the next start recovers. After 5 s more: KILL.
  kill -INT "$postgres" 2>/dev/null
  { sleep 20; kill -QUIT "$postgres"; sleep 5; kill -KILL "$postgres"; } </dev/null >/dev/null 2>&1 &
  force=$!
  wait "$postgres"
  code=$?
  kill "$force" 2>/dev/null
  rm -f "$sockets"/.s.PGSQL.*
  rmdir "$sockets"
else
  kill "$reader" 2>/dev/null
fi
exit "$code"
