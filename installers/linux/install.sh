#!/bin/sh
# Make vcam_emoji at home on a Linux desktop: the virtual camera at every start of the machine, an
# entry in the applications menu, and a service that can start at login. See README.md beside it.
#
#   install.sh               all of it; asks for the administrator's password once
#   install.sh --user        only what needs no administrator
#   install.sh --uninstall   take all of it away again; settings and emoji sets stay
set -eu

here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
entry=$data/applications/vcam-emoji.desktop
ours=$(cd "$here/../.." && pwd)/.venv/bin
commands=$HOME/.local/bin
at_login=${XDG_CONFIG_HOME:-$HOME/.config}/autostart/vcam-emoji.desktop
icon=$data/icons/hicolor/256x256/apps/vcam-emoji.png
options=/etc/modprobe.d/vcam-emoji.conf
modules=/etc/modules-load.d/vcam-emoji.conf

as_administrator() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

find_command() {
    for candidate in "$ours/vcam-emoji" "$(command -v vcam-emoji || true)"; do
        if [ -x "$candidate" ]; then
            echo "$(cd "$(dirname "$candidate")" && pwd)/vcam-emoji"
            return
        fi
    done
    echo "vcam-emoji is not installed. First run: make run" >&2
    exit 1
}

fill_in() { # template, place
    mkdir -p "$(dirname "$2")"
    escaped=$(printf '%s' "$command" | sed 's/[&|\\]/\\&/g')
    sed "s|@COMMAND@|$escaped|" "$1" >"$2"
}

tell_systemd() {
    if command -v systemctl >/dev/null; then systemctl --user daemon-reload || true; fi
}

install_for_user() {
    command=$(find_command)
    fill_in "$here/vcam-emoji.desktop" "$entry"
    fill_in "$here/vcam-emoji.service" "$units/vcam-emoji.service"
    mkdir -p "$(dirname "$icon")"
    cp "$here/../../assets/icons/vcam-emoji.png" "$icon"
    mkdir -p "$commands"
    for each in vcam-emoji vcam-emoji-generator; do
        # What pipx and others put there stays.
        if [ -x "$ours/$each" ] && [ ! -e "$commands/$each" ]; then
            ln -sf "$ours/$each" "$commands/$each"
        fi
    done
    tell_systemd
    echo "vcam_emoji is in the applications menu, and vcam-emoji a command."
    case :$PATH: in
    *:"$commands":*) ;;
    *) echo "Commands are found in $commands after the next login." ;;
    esac
    if [ -e "$at_login" ]; then
        echo "It starts at every login already. To have systemd do that, and start it again should"
        echo "it fail: vcam-emoji autostart off && systemctl --user enable --now vcam-emoji"
    else
        echo "To start it at every login: systemctl --user enable --now vcam-emoji"
    fi
}

install_camera() {
    as_administrator install -m 644 "$here/modprobe.conf" "$options"
    as_administrator install -m 644 "$here/modules-load.conf" "$modules"
    if as_administrator modprobe v4l2loopback; then
        echo "The virtual camera will be there from every start of this machine on."
    else
        echo "The module v4l2loopback does not load yet; README.md beside this script says why." >&2
        echo "Everything else is done; 'vcam-emoji doctor' knows more." >&2
    fi
}

uninstall() {
    if command -v systemctl >/dev/null; then
        systemctl --user disable --now vcam-emoji 2>/dev/null || true
    fi
    rm -f "$entry" "$units/vcam-emoji.service" "$icon" "$at_login"
    for each in vcam-emoji vcam-emoji-generator; do
        if [ "$(readlink "$commands/$each" || true)" = "$ours/$each" ]; then
            rm -f "$commands/$each"
        fi
    done
    tell_systemd
    if [ -e "$options" ] || [ -e "$modules" ]; then
        as_administrator rm -f "$options" "$modules"
    fi
    echo "Gone. The virtual camera itself goes with the next start of this machine."
}

case ${1-} in
"")
    install_for_user
    install_camera
    ;;
--user) install_for_user ;;
--uninstall) uninstall ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
