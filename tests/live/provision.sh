#!/usr/bin/env bash
# Makes a real OpenSSH sshd, PostgreSQL and Odoo 19 available to the live suite, from package registries alone.
# Everything lands in a cache folder ($CONSIGN_LIVE_CACHE, default ~/.cache/consign-live); a second run finds it there.
# Prints nothing on success but what it is doing; exits non-zero with a sentence when a service cannot be had.
set -euo pipefail

cache=${CONSIGN_LIVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/consign-live}
mkdir -p "$cache"
say() { printf 'live: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# --- Debian packages: sshd, FTP servers, PostgreSQL, xmllint, Chromium------------------------------------------------------------
missing=()
command -v xmllint >/dev/null || missing+=(libxml2-utils)
[ -x /usr/sbin/sshd ] || missing+=(openssh-server)
command -v sftp >/dev/null || missing+=(openssh-client)
pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
{ [ -n "$pg_bin" ] && [ -x "$pg_bin/initdb" ]; } || missing+=(postgresql)
[ -x /usr/sbin/proftpd ] || missing+=(proftpd-core)
[ -e /usr/lib/proftpd/mod_tls.so ] || missing+=(proftpd-mod-crypto)
ls /usr/lib/*/libwrap.so.0 >/dev/null 2>&1 || missing+=(libwrap0)
command -v openssl >/dev/null || missing+=(openssl)
# For libssh2, the second SSH engine.
[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
command -v pkg-config >/dev/null || missing+=(pkg-config)
command -v xz >/dev/null || missing+=(xz-utils)
command -v curl >/dev/null || missing+=(curl)
# For the web page.
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  as_root apt-get update -qq || die "apt-get update failed"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
    || die "apt-get could not install: ${missing[*]}"
fi

# --- vsftpd: unpacked and not installed, since Debian lets only one FTP server be installed at a time ------------
if [ ! -x "$cache/vsftpd/usr/sbin/vsftpd" ]; then
  say "fetching vsftpd"
  fetched=$(mktemp -d)
  (cd "$fetched" && chmod 755 . && { apt-get download -qq vsftpd || { as_root apt-get update -qq && apt-get download -qq vsftpd; }; }) >/dev/null 2>&1 || die "vsftpd could not be downloaded"
  rm -rf "$cache/vsftpd" && dpkg-deb -x "$fetched"/vsftpd_*.deb "$cache/vsftpd"
  rm -rf "$fetched"
fi

# --- Odoo 19: the Debian package of sid, verified, unpacked and not installed (sid's own Python is too new) ----
if [ ! -e "$cache/odoo/.complete" ]; then
  mirror=$(shopt -s nullglob; cat /dev/null /etc/apt/sources.list.d/*.sources /etc/apt/*.list \
    | sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]].*/\2/p' \
    | awk '/debian\/?$/ && !/security/ {print; exit}')
  [ -n "$mirror" ] || die "no Debian mirror in the machine's apt sources"
  mirror=${mirror%/}
  say "looking for odoo-19 in Debian sid"
  curl -fsSL --retry 3 "$mirror/dists/sid/main/binary-all/Packages.xz" | xz -dc > "$cache/Packages" \
    || die "the package list of Debian sid could not be read"
  read -r file sum < <(awk '/^Package: /{p=$2} p=="odoo-19"&&/^Filename: /{f=$2} p=="odoo-19"&&/^SHA256: /{s=$2} p=="odoo-19"&&/^$/{exit} END{print f, s}' "$cache/Packages")
  [ -n "${sum:-}" ] || die "Debian sid has no package odoo-19 now"
  if ! echo "$sum  $cache/odoo-19.deb" | sha256sum -c --status 2>/dev/null; then
    say "downloading odoo-19 (about 120 MB)"
    curl -fsSL --retry 3 -o "$cache/odoo-19.deb" "$mirror/$file" || die "odoo-19 could not be downloaded"
    echo "$sum  $cache/odoo-19.deb" | sha256sum -c --status || die "the checksum of odoo-19 is wrong"
  fi
  rm -rf "$cache/odoo" && mkdir "$cache/odoo"
  dpkg-deb -x "$cache/odoo-19.deb" "$cache/odoo"
  rm -f "$cache/Packages" "$cache/odoo-19.deb"
  touch "$cache/odoo/.complete"
fi

# --- its Python ------------------------------------------------------------------------------------------------
if [ ! -e "$cache/venv/.complete" ]; then
  python=$(command -v python3.11 || command -v python3) || die "no python3"
  say "making the Python environment of Odoo"
  rm -rf "$cache/venv"
  "$python" -m venv "$cache/venv" || die "python3-venv is missing"
  # rl-renderPM and python-ldap are left out on purpose: optional, and they need headers
  "$cache/venv/bin/pip" install -q asn1crypto babel cbor2 chardet 'cryptography<44' python-dateutil docutils geoip2 gevent greenlet \
    idna jinja2 libsass lxml lxml_html_clean markupsafe num2words ofxparse openpyxl 'pyopenssl<25' pillow polib psutil psycopg2-binary \
    passlib pypdf pytz qrcode reportlab requests rjsmin pyserial python-stdnum urllib3 pyusb vobject 'werkzeug==3.0.1' xlrd xlsxwriter \
    xlwt zeep freezegun python-magic decorator 'setuptools<81' || die "pip could not install what Odoo needs"
  touch "$cache/venv/.complete"
fi
# --- a mail server for alerts ----------------------------------------------------------------------------------
if [ ! -e "$cache/venv/.aiosmtpd" ]; then
  say "a mail server"
  "$cache/venv/bin/pip" install -q aiosmtpd || die "pip could not install aiosmtpd"
  touch "$cache/venv/.aiosmtpd"
fi
say "provisioned in $cache"
