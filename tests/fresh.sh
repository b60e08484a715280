#!/usr/bin/env bash
# make fresh: what README promises, tried in a bare Debian that has nothing but what README asks for.
#
# It makes a Debian of the smallest kind (debootstrap), clones the last commit into it, and takes
# these steps there, each in a mount namespace of its own:
#   bare   an ordinary user runs README's two commands; what needs other packages is left out
#   ci     root runs .ci/run, which installs those packages
#   user   the ordinary user again, who now has all of them: nothing may be left out
# That takes about an hour and 10 GB. Settings, from the environment:
#   SUITE   which Debian: bookworm (12, the default) or trixie (13)
#   STEPS   which of the steps to take ("bare ci user")
#   ROOTFS  where the Debian is made; kept for the next run (default: a folder in /var/tmp)
#   BIND    folders and files of this machine that it shall see too, such as certificates
#   Variables whose names begin with PIP_, UV_, SSL_ or NODE_ or end in _proxy are handed on.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-bookworm}
root=${ROOTFS:-/var/tmp/lossfns-fresh-$suite}
steps=${STEPS:-bare ci user}

refuse() { echo "make fresh $*" >&2; exit 2; }
[ "$(uname)" = Linux ] || refuse "needs Linux"
[ "$(id -u)" = 0 ] || refuse "needs root: sudo make fresh"
command -v debootstrap > /dev/null || refuse "needs debootstrap: apt-get install debootstrap"
unshare --mount --pid --fork true 2> /dev/null ||
    refuse "needs to make mount namespaces, which a container without privileges may not"
for step in $steps; do
    [[ " bare ci user " = *" $step "* ]] || refuse "knows the steps bare, ci and user, not $step"
done

# Held by what runs inside, too: another run would empty its /tmp.
exec 9> "$root.lock"
flock --nonblock 9 || refuse "is at work in $root already: wait for it, or name another ROOTFS=…"

if [ ! -e "$root/.made" ]; then
    [ -z "$(ls -A "$root" 2> /dev/null)" ] ||
        refuse "did not make what is in $root: name another folder, ROOTFS=…, or delete it"
    echo "== a bare Debian ($suite) in $root: about a minute"
    mkdir -p "$root"
    debootstrap --variant=minbase --include=git,make,python3,python3-venv,ca-certificates \
        "$suite" "$root" > "$root.log" || { tail -n 5 "$root.log"; rm -rf "$root"; exit 1; }
    chroot "$root" useradd --create-home --shell /bin/bash reader
    mkdir "$root/before"
    touch "$root/.made"
fi
cp /etc/resolv.conf /etc/hosts "$root/etc/"
# A bundle, since git takes no repository from a folder that belongs to somebody else.
git bundle create -q "$root/source.bundle" HEAD
chmod a+r "$root/source.bundle"

# inside USER HOME COMMAND: run it in the bare Debian. Not by chroot, in which no sandbox can be made.
inside() {
    local handed=() name sbin=
    [ "$1" = reader ] || sbin=:/usr/local/sbin:/usr/sbin:/sbin
    while read -r name; do handed+=("$name=${!name}"); done < \
        <(compgen -e | grep -E '^(PIP|UV|SSL|NODE)_|_proxy$')
    # shellcheck disable=SC2016  # expanded inside
    unshare --mount --pid --fork --kill-child --propagation private bash -c '
        set -e
        umask 022
        root=$1 bind=$2; shift 2
        mount --bind "$root" "$root"
        cd "$root"
        mount -t proc proc proc
        mount --rbind /sys sys
        mount --rbind /dev dev
        rm -rf --one-file-system tmp/*
        for path in $bind; do
            mkdir -p "$root${path%/*}"
            if [ -d "$path" ]; then mkdir -p "$root$path"; else touch "$root$path"; fi
            mount --bind "$path" "$root$path"
        done
        pivot_root . before
        cd /
        umount -l /before
        exec env -i "$@"' bash "$root" "${BIND:-}" \
        "${handed[@]}" HOME="$2" USER="$1" PATH="/usr/local/bin:/usr/bin:/bin$sbin" \
        setpriv --reuid "$1" --regid "$1" --init-groups bash -ec "
            cd; rm -rf course
            git -c advice.detachedHead=false -c init.defaultBranch=main clone -q /source.bundle course; cd course
            $3" < /dev/null
}

begin=$SECONDS summary=() code=0
for step in $steps; do
    echo "== $suite, $step"
    since=$SECONDS result=passed
    case $step in
        bare) command=(reader /home/reader 'make book; make test') ;;
        ci) command=(root /root 'CI=true bash .ci/run') ;;
        user) command=(reader /home/reader 'make book; CI=true make test') ;;
    esac
    inside "${command[@]}" || { result=FAILED; code=1; }
    summary+=("== $suite, $step: $result after $(((SECONDS - since) / 60)) minutes")
done
printf '%s\n' "${summary[@]}" "== all of it took $(((SECONDS - begin) / 60)) minutes"
exit $code
