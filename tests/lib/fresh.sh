# Sourced by tests/fresh-root and tests/fresh-deb: a plain Debian 12 in $root, made by debootstrap. Needs root.
# Where packages come from is the machine's own business: its package sources, certificates and npm settings
# are copied into the root; nothing is named here.

fresh_mount() {
	# A root that is a mount of its own, or no program inside could have a mount namespace.
	mount --bind "$root" "$root"
	for d in proc sys dev dev/pts; do
		mount --bind "/$d" "$root/$d"
	done
	mkdir -p "$root/dev/shm" && mount -t tmpfs tmpfs "$root/dev/shm"
}

fresh_unmount() {
	for d in dev/shm dev/pts dev proc sys; do
		umount -l "$root/$d" 2>/dev/null || true
	done
	umount -l "$root" 2>/dev/null || true
}

fresh_end() {
	# What still runs inside the root would keep it busy.
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/root" 2>/dev/null)" = "$root" ] && kill -9 "${p#/proc/}" 2>/dev/null || true
	done
	fresh_unmount
	if $keep; then echo "kept: $root"; else rm -rf --one-file-system "$work"; fi
}

# First mirror of the machine's own configuration, whichever of the two file formats it uses.
fresh_mirror() {
	{
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\).*/\1/p'
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p'
	} | grep -v security | head -1 || true
}

# A command line in the root, with what this machine needs to reach its registries (a private authority, a proxy).
inside() {
	local reach=() setting
	while IFS= read -r setting; do
		reach+=("$setting")
	done < <(env | grep -iE '^(NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|npm_config_(registry|cafile))=' || true)
	chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb CI=true DEBIAN_FRONTEND=noninteractive "${reach[@]}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /bin/bash -c "$1"
}

minutes_since() { echo "$(( ($(date +%s) - $1) / 60 )).$(( ($(date +%s) - $1) % 60 * 10 / 60 ))"; }

# Makes $work and $root; they go at the end of the script, unless $keep is true.
fresh_begin() {
	[ "$(id -u)" = 0 ] || { echo "$(basename "$0"): needs root (chroot, mounts)" >&2; exit 2; }
	command -v debootstrap >/dev/null || apt-get install -y debootstrap
	work=$(mktemp -d /var/tmp/wattle-fresh.XXXXXX)
	root=$work/root
	trap fresh_end EXIT
	local uri f
	uri=$(fresh_mirror)
	[ -n "$uri" ] || { echo "$(basename "$0"): no package source in /etc/apt" >&2; exit 2; }
	debootstrap --variant=minbase bookworm "$root" "$uri" > "$work/debootstrap.log" 2>&1 ||
		{ tail -20 "$work/debootstrap.log"; exit 1; }
	for f in etc/apt/sources.list etc/apt/sources.list.d etc/apt/apt.conf.d etc/apt/keyrings usr/share/keyrings \
		usr/local/share/ca-certificates etc/resolv.conf usr/etc/npmrc etc/npmrc; do
		rm -rf "${root:?}/$f"
		[ -e "/$f" ] || continue
		mkdir -p "$root/$(dirname $f)"
		cp -a "/$f" "$root/$f"
	done
	[ ! -e "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$root/root/.npmrc"
	fresh_mount
	inside "apt-get update -q" > "$work/apt.log" 2>&1 || { tail -20 "$work/apt.log"; exit 1; }
}
