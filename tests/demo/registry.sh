# A docker-registry on a free port of 127.0.0.1: start_registry DIRECTORY sets $registry; stop_registry ends it.
registry=
registry_pid=

free_port() {
  local candidate
  for candidate in $(shuf -i 20000-50000 -n 50); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

start_registry() {
  local directory=$1
  mkdir -p "$directory/data"
  registry=127.0.0.1:$(free_port)
  cat >"$directory/config.yml" <<CONFIG
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $directory/data}, delete: {enabled: true}}
http: {addr: $registry}
CONFIG
  docker-registry serve "$directory/config.yml" >"$directory/log" 2>&1 &
  registry_pid=$!
  for _ in $(seq 100); do
    curl -fsS -m 1 -o /dev/null "http://$registry/v2/" 2>/dev/null && return
    sleep 0.1
  done
  cat "$directory/log" >&2
  return 1
}

stop_registry() {
  [[ -n $registry_pid ]] || return 0
  kill "$registry_pid" 2>/dev/null || true
  wait "$registry_pid" 2>/dev/null || true
  registry_pid=
}
