#!/usr/bin/env bash
# make fresh: what README promises, tried in a bare Debian that has nothing but what README asks for.
#
# It makes a Debian of the smallest kind (debootstrap), clones the last commit into it, and runs
# README's two commands as an ordinary user and .ci/run as root, each in a mount namespace of its
# own. That takes about an hour and 10 GB. Settings, from the environment:
#   SUITE   which Debian: bookworm (12, the default) or trixie (13)
#   STEPS   what to run, of "user ci" (both)
#   ROOTFS  where the Debian is made; kept for a second run (default: a folder in /var/tmp)
#   BIND    folders and files of this machine that it shall see too, such as certificates
#   Variables whose names begin with PIP_, UV_ or SSL_ are handed on.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-bookworm}
root=${ROOTFS:-/var/tmp/lossfns-fresh-$suite}
[ "$(id -u)" = 0 ] || { echo "make fresh needs root: sudo make fresh"; exit 1; }
command -v debootstrap >/dev/null || { echo "make fresh needs debootstrap: apt-get install debootstrap"; exit 1; }

if [ ! -e "$root/.made" ]; then
    echo "== a bare Debian ($suite) in $root"
    debootstrap --variant=minbase --include=git,make,python3,python3-venv,ca-certificates \
        "$suite" "$root" > /dev/null
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    chroot "$root" useradd --create-home reader
    touch "$root/.made"
fi
for path in ${BIND:-}; do
    if [ -d "$path" ]; then mkdir -p "$root$path"; else mkdir -p "$root${path%/*}"; touch "$root$path"; fi
done

# inside USER HOME COMMAND: run it in the bare Debian. Not chroot, in which no sandbox can be made.
inside() {
    local settings
    settings=$(env | grep -E '^(PIP|UV|SSL)_' | sed 's/^/export /; s/=/="/; s/$/"/' || true)
    printf '%s\n' "$settings" "export HOME=$2 LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
        "set -e" "cd $2" "$3" > "$root/step.sh"
    # shellcheck disable=SC2016  # expanded inside
    env -i ROOT="$root" BIND="${BIND:-}" WHO="$1" unshare --mount --pid --fork --propagation private bash -c '
        set -e
        mount --bind "$ROOT" "$ROOT"
        cd "$ROOT"
        mount -t proc proc proc
        mount --rbind /sys sys
        mount --rbind /dev dev
        mount -t tmpfs tmpfs tmp
        for path in $BIND; do mount --bind "$path" "$ROOT$path"; done
        mkdir -p before && pivot_root . before
        umount -l /before
        if [ "$WHO" = root ]; then exec bash /step.sh; else exec su "$WHO" -s /bin/bash -c "bash /step.sh"; fi'
}

rm -rf "$root/source.git"
git clone -q --bare . "$root/source.git"
chmod -R a+rX "$root/source.git"
for step in ${STEPS:-user ci}; do
    echo "== $step"
    begin=$SECONDS
    case $step in
        user) inside reader /home/reader 'rm -rf course; git -c safe.directory=* clone -q /source.git course; cd course
            make book; make test' ;;
        ci) inside root /root 'rm -rf course; git -c safe.directory=* clone -q /source.git course; cd course
            CI=true bash .ci/run < /dev/null' ;;
        *) echo "STEPS may hold user and ci, got $step"; exit 1 ;;
    esac
    echo "== $step passed in $(((SECONDS - begin) / 60)) minutes"
done
