# make_python_base IBUILD NAME WORKDIR: a stand-in for python:3.7 out of Debian packages, pushed as NAME.
# The tar of its files is kept in build/demo.
make_python_base() {
  local builder=$1 name=$2 folder=$3 tar=build/demo/python-base.tar
  if [[ ! -f $tar ]]; then
    mkdir -p build/demo
    echo "(mmdebstrap: Debian with python3, pip and Flask; about a minute, once)"
    # Debian's pip refuses to install beside its packages unless the marker file is gone.
    mmdebstrap --quiet --variant=apt --include=python3,python3-pip,python3-flask,python-is-python3 \
      --customize-hook='rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED' \
      --customize-hook='rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale' \
      bookworm "$tar.new.tar"
    mv "$tar.new.tar" "$tar"
  fi
  mkdir -p "$folder/base"
  ln -f "$tar" "$folder/base/base.tar" 2>/dev/null || cp "$tar" "$folder/base/base.tar"
  printf 'FROM scratch\nADD base.tar /\nENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin\nCMD ["python3"]\n' \
    >"$folder/base/Dockerfile"
  "$builder" -q -t "$name" --push "$folder/base"
  "$builder" rmi "$name" >/dev/null
}
