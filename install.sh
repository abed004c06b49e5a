#!/bin/sh
# Builds rtk from the folder this script lies in, installs it, and wires it into Claude Code.
# Functions only; the last line starts them, so that a copy cut off anywhere does nothing.
set -eu

usage() {
  cat <<'TEXT'
Usage: ./install.sh [--prefix DIR] [--yes] [--no-init]
       ./install.sh --uninstall [--prefix DIR] [--yes]

Builds rtk in release mode, installs it to ~/.local/bin, adds its hooks to your
Claude Code settings and a note to your CLAUDE.md (after showing the change and
asking), and ends with a check and a sample slice. Needs Rust, a C compiler and git; only cargo downloads.

Options:
  --prefix DIR   install to DIR/bin instead of ~/.local/bin
  -y, --yes      do not ask
  --no-init      install the program only, leave the settings alone
  --uninstall    remove the hooks and the note, then the program
  -h, --help     print this

Exit codes: 0 done, 1 failed, 2 wrong arguments
TEXT
}

say() {
  printf '%s\n' "$*"
}

warn() {
  printf 'warning: %s\n' "$*" >&2
}

# fail CODE LINE...: the first line says what is wrong, the others what to do.
fail() {
  fail_code=$1
  shift
  printf 'error: %s\n' "$1" >&2
  shift
  for fail_line in "$@"; do
    printf '  %s\n' "$fail_line" >&2
  done
  exit "$fail_code"
}

parse_arguments() {
  prefix=
  assume_yes=no
  init=yes
  action=install
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix)
        [ $# -gt 1 ] || fail 2 '--prefix needs a folder' 'for example: ./install.sh --prefix /opt/rtk'
        prefix=$2
        shift
        ;;
      --prefix=*) prefix=${1#--prefix=} ;;
      -y | --yes) assume_yes=yes ;;
      --no-init) init=no ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) fail 2 "unknown argument: $1" 'see ./install.sh --help' ;;
    esac
    shift
  done
  if [ -z "$prefix" ]; then
    case ${HOME:-} in
      /*) prefix=$HOME/.local ;;
      *) fail 1 'HOME is not set to an absolute path' 'name a folder: ./install.sh --prefix DIR' ;;
    esac
  fi
  case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
  esac
  bin=$prefix/bin
}

# The folder of this script must be the source tree: nothing is fetched.
find_source() {
  source_folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
  if ! grep -q '^name = "rtk"$' "$source_folder/Cargo.toml" 2>/dev/null; then
    fail 1 "no source of rtk beside this script ($source_folder)" \
      'clone the repository and run ./install.sh inside it'
  fi
}

# at_least HAVE WANT: compares the first two numbers of two versions.
at_least() {
  have_major=${1%%.*}
  have_rest=${1#*.}
  have_minor=${have_rest%%.*}
  want_major=${2%%.*}
  want_rest=${2#*.}
  want_minor=${want_rest%%.*}
  [ "$have_major" -gt "$want_major" ] ||
    { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -ge "$want_minor" ]; }
}

# package COMMON APT APK: the command that installs a package here.
package() {
  if command -v apt-get >/dev/null 2>&1; then
    say "sudo apt-get install $2"
  elif command -v dnf >/dev/null 2>&1; then
    say "sudo dnf install $1"
  elif command -v pacman >/dev/null 2>&1; then
    say "sudo pacman -S $1"
  elif command -v zypper >/dev/null 2>&1; then
    say "sudo zypper install $1"
  elif command -v apk >/dev/null 2>&1; then
    say "sudo apk add $3"
  elif [ "$(uname -s)" = Darwin ]; then
    say 'xcode-select --install'
  else
    say "install the package $1 with your system's package manager"
  fi
}

need() {
  missing=yes
  printf 'error: %s\n  %s\n' "$1" "$2" >&2
}

check_cargo() {
  if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    export PATH
  fi
  wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' "$source_folder/Cargo.toml")
  if ! command -v cargo >/dev/null 2>&1; then
    need "cargo is missing: rtk is built with Rust $wanted or newer" \
      "install Rust as https://rustup.rs says, then open a new terminal"
    return
  fi
  found=$(cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
  if [ -z "$found" ]; then
    need "cargo is there but does not run: $(cargo --version 2>&1 | head -n 1)" \
      'choose a toolchain: rustup default stable'
  elif ! at_least "$found" "$wanted"; then
    need "Rust $found is too old: rtk needs $wanted or newer" 'update it: rustup update stable'
  fi
}

# All that is missing is named at once, so that nobody has to come back twice.
check_tools() {
  missing=no
  check_cargo
  # On macOS cc and git are there as stubs that fail until the command line tools are installed.
  cc --version >/dev/null 2>&1 ||
    need 'a C compiler is missing (cc): SQLite and the grammars are C' "$(package gcc build-essential build-base)"
  git --version >/dev/null 2>&1 ||
    need 'git is missing: rtk reads the history of your projects with it' "$(package git git git)"
  [ "$missing" = no ] || fail 1 'nothing was built or changed' 'install what is named above and run ./install.sh again'
}

# Whether the C library and the linker here can make a program without shared libraries that may lie at any address:
# makes a small one, which finds its words only if its addresses were put right.
links_statically() {
  probe=$(mktemp -d) || return 1
  printf '%s\n' 'static const char *const words[] = {"a", "b"};' \
    'int main(int count, char **all) { (void)all; return words[count & 1][0] != 98; }' >"$probe/probe.c"
  works=1
  if cc -O1 -static-pie -Wl,-z,pack-relative-relocs -o "$probe/probe" "$probe/probe.c" >/dev/null 2>&1; then
    "$probe/probe" >/dev/null 2>&1 && works=0
  fi
  rm -rf -- "$probe"
  return "$works"
}

# cargo_makes COMMAND...: sets `built` to the program; cargo itself says where it is, whatever target folder or target
# the user has configured.
cargo_makes() {
  messages=$(cd "$source_folder" && cargo "$@") || return 1
  built=$(printf '%s\n' "$messages" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
  [ -f "$built" ]
}

build() {
  say "Building rtk in $source_folder (some minutes the first time)"
  if links_statically; then
    # Such a program starts in half the time, and Claude Code starts rtk at each launch.
    if cargo_makes rustc --release --locked --bin rtk --message-format=json-render-diagnostics -- \
      -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs; then
      "$built" --version >/dev/null 2>&1 </dev/null && return
    fi
    warn 'no program without shared libraries can be made here; making the usual one, which starts more slowly'
  fi
  cargo_makes build --release --locked --message-format=json-render-diagnostics ||
    fail 1 'the build failed' "cargo's messages are above; nothing was installed"
}

# Whether a program is this rtk: others bear the same name.
is_ours() {
  [ "$("$1" --help 2>/dev/null </dev/null | head -n 1)" = 'Project memory for every Claude Code subagent' ]
}

remove_temporary() {
  [ -z "${temporary:-}" ] || rm -f -- "$temporary"
}

# A running rtk keeps its old file; a hook that starts meanwhile finds either the old program or the new one.
install_program() {
  mkdir -p -- "$bin" || fail 1 "cannot make $bin" 'name a folder of yours: ./install.sh --prefix DIR'
  bin=$(CDPATH='' cd -- "$bin" && pwd -P)
  if [ -e "$bin/rtk" ] && ! is_ours "$bin/rtk"; then
    fail 1 "$bin/rtk is another program of that name; it was left alone" \
      'name another folder: ./install.sh --prefix DIR'
  fi
  trap remove_temporary EXIT
  trap 'exit 1' HUP INT TERM
  temporary=$(mktemp "$bin/.rtk.XXXXXX") || fail 1 "cannot write to $bin" 'name a folder of yours: ./install.sh --prefix DIR'
  cp -- "$built" "$temporary"
  chmod 755 "$temporary"
  mv -f -- "$temporary" "$bin/rtk"
  temporary=
  say "Installed $bin/rtk ($("$bin/rtk" --version))"
}

path_advice() {
  case ${SHELL:-} in
    */fish) say "fish_add_path $bin" ;;
    */zsh) say "echo 'export PATH=\"$bin:\$PATH\"' >> ~/.zshrc" ;;
    */bash) say "echo 'export PATH=\"$bin:\$PATH\"' >> ~/.bashrc" ;;
    *) say "export PATH=\"$bin:\$PATH\"   (in your shell's startup file)" ;;
  esac
}

check_path() {
  first=$(command -v rtk || :)
  if [ -n "$first" ]; then
    first=$(CDPATH='' cd -- "$(dirname -- "$first")" && pwd -P)/rtk
  fi
  if [ -z "$first" ]; then
    warn "$bin is not on PATH; your own hooks work without it, but the command rtk needs it:"
    path_advice >&2
  elif [ "$first" != "$bin/rtk" ]; then
    warn "rtk on your PATH is $first, not the program just installed; put $bin first:"
    path_advice >&2
  fi
}

on_terminal() {
  [ -t 0 ] && [ -t 1 ]
}

wire() {
  say ''
  if [ "$init" = no ]; then
    say "Settings were left alone. To go on: $bin/rtk init --global"
  elif [ "$assume_yes" = yes ]; then
    "$bin/rtk" init --global --yes || fail 1 'the hooks were not installed' "rtk is there; go on with: $bin/rtk init --global"
  elif on_terminal; then
    "$bin/rtk" init --global || warn "the hooks were not installed; go on with: $bin/rtk init --global"
  else
    "$bin/rtk" init --global --dry-run || warn "rtk init cannot work here; see its message above"
    say "This is no terminal, so nobody can be asked and the settings were left alone."
    say "To make the change shown above: $bin/rtk init --global --yes"
  fi
}

# The check and the sample are shown for what they are: neither undoes an installation that has worked.
show() {
  say ''
  say '$ rtk init --show'
  "$bin/rtk" init --show || :
  task=$(git log -1 --format=%s 2>/dev/null || :)
  [ -n "$task" ] || task='How is this project organised, and where are its tests?'
  say ''
  say 'What a subagent would get for a sample task (the latest commit here):'
  say "\$ rtk memory plan \"$task\""
  "$bin/rtk" memory plan -- "$task" || warn "no slice for $PWD"
}

remove_program() {
  if [ ! -e "$bin/rtk" ]; then
    say "There is no $bin/rtk; nothing to remove."
    return
  fi
  is_ours "$bin/rtk" || fail 1 "$bin/rtk is another program of that name; it was left alone"
  "$bin/rtk" init --global --uninstall --dry-run || fail 1 'the hooks cannot be removed' 'see the message above; nothing was changed'
  if [ "$assume_yes" = no ]; then
    on_terminal || fail 1 'this is no terminal, so nobody can be asked; nothing was changed' \
      'to remove the hooks and the program: ./install.sh --uninstall --yes'
    printf 'Remove these entries and %s? [y/N] ' "$bin/rtk"
    read -r answer || answer=
    case $answer in
      y | Y | yes | Yes | YES) ;;
      *) fail 1 'nothing was changed' ;;
    esac
  fi
  "$bin/rtk" init --global --uninstall --yes || fail 1 'the hooks were not removed, so the program was left in place'
  rm -f -- "$bin/rtk"
  say "Removed $bin/rtk. Projects that were wired by 'rtk init --project' or '--local' keep their entries."
}

main() {
  parse_arguments "$@"
  if [ "$action" = uninstall ]; then
    remove_program
    return
  fi
  find_source
  check_tools
  build
  install_program
  check_path
  wire
  show
}

# The braces make a last line that was cut in the middle a syntax error instead of a call.
{ main "$@"; }
