# Runs PostgreSQL for a server, and stops it when the server is gone: our standard input is a pipe whose other end only
# the server holds, so it ends with the server, however that died. Read as text and given to `sh -c`, because the user
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
# The server never writes: this ends at the end of the pipe.
{ read -r _ <&3; kill -TERM $$; } </dev/null >/dev/null 2>&1 &
reader=$!

# A wait ends early at a trapped signal.
wait "$postgres"
code=$?
if [ "$gone" ]; then
  # Fast: what is under way is rolled back. After 20 s at once, for the next start to recover; after 5 more, by force.
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
