# SPDX-License-Identifier: Apache-2.0
# The packages that mailweir needs on Debian 12 and newer: the one place where they are listed. Sourced by quickstart and
# check, after say() and fail() are defined.

# To build and run the program.
packages_build() {
	echo meson ninja-build pkg-config gcc libc6-dev libdpdk-dev libbsd-dev libnuma-dev libpcap-dev libmagic-dev \
		libarchive-dev libjansson-dev libyaml-dev zlib1g-dev libssl-dev libxdp-dev libbpf-dev libelf-dev
	packages_regex
}

# Hyperscan and Vectorscan have the same interface and exclude each other: what is there stays. Hyperscan is amd64's only.
packages_regex() {
	local package
	for package in libhyperscan-dev libvectorscan-dev; do
		if packages_installed $package; then
			echo $package
			return
		fi
	done
	for package in libhyperscan-dev libvectorscan-dev; do
		if packages_known $package; then
			echo $package
			return
		fi
	done
	echo libhyperscan-dev
}

# To test it, sanitizers and fuzzers included.
packages_test() {
	packages_build
	echo clang llvm tnef libcmocka-dev python3 python3-jsonschema python3-scapy tshark libarchive-tools unzip zip
	packages_clang_rt
	packages_net
	packages_readers
}

# Other readers of mail and of archives, that mailweir is compared with. They are seen by Debian's own python3 alone.
packages_readers() {
	echo python3-gi gir1.2-gmime-3.0 python3-libarchive-c
}

# For the scenarios with a network: what makes one, and mail programs. Postfix and OpenSMTPD exclude each other as packages:
# check unpacks them where they are in nobody's way, and only the libraries that they need are installed.
packages_net() {
	echo iproute2 procps ethtool iputils-ping openssl msmtp swaks libio-socket-inet6-perl libsocket6-perl python3-aiosmtpd
	apt-cache depends $(packages_mailers) 2>/dev/null | sed -n 's/^ *\(Pre\)\{0,1\}Depends: \(lib[^ <]*\)$/\2/p' | sort -u
}

packages_mailers() {
	echo postfix opensmtpd
}

# dpdk-testpmd, for the benchmark's tests. check unpacks it: all libraries that it needs come with libdpdk-dev.
packages_tools() {
	echo dpdk-dev
}

# The sanitizers' libraries are a package of their own, named after clang's version: clang only recommends it.
packages_clang_rt() {
	local version
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	echo "libclang-rt-${version:+$version-}dev"
}

packages_known() {
	apt-cache show "$1" >/dev/null 2>&1
}

packages_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]
}

# packages_install NAME...: installs what is missing, says so, and touches nothing when nothing is.
packages_install() {
	local package missing=() sudo=()
	for package in "$@"; do
		packages_installed "$package" || missing+=("$package")
	done
	if [ ${#missing[@]} = 0 ]; then
		return
	fi
	say "installing ${#missing[@]} packages:"
	fold -s -w 76 <<<"${missing[*]}" | sed 's/^/    /; s/ $//'
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "installing packages needs root or sudo: apt-get install ${missing[*]}"
		sudo=(sudo)
	fi
	if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends \
		"${missing[@]}" >"$packages_log" 2>&1; then
		fail "apt-get install: $(packages_error)"
	fi
}

# packages_update: the lists of a fresh machine are empty, or older than the archive.
packages_update() {
	local sudo=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "apt-get update needs root or sudo"
		sudo=(sudo)
	fi
	if ! "${sudo[@]}" apt-get -qq update >"$packages_log" 2>&1; then
		say "apt-get update: $(packages_error); going on with the lists that are there"
	fi
}

# packages_ready FUNCTION: makes sure that all packages which FUNCTION names are installed.
packages_ready() {
	local package wanted missing=0
	command -v apt-get >/dev/null || fail "apt-get is not here: this needs Debian 12 or newer"
	packages_log=$(mktemp)
	for package in $($1); do
		packages_installed "$package" || missing=1
	done
	if [ $missing = 1 ]; then
		packages_update
		# Once more: names that depend on the release are known only now.
		wanted=$($1)
		packages_install $wanted
	fi
	rm -f "$packages_log"
}

packages_error() {
	grep -E '^(E|W|Err):?' "$packages_log" | head -n 1 | grep . || tail -n 1 "$packages_log"
}
