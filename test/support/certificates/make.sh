#!/bin/sh
# Makes the certificates of the TLS tests anew. They protect nothing: their keys lie beside them. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

FROM=20200101000000Z
UNTIL=21200101000000Z

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

cat > "$work/ca.cnf" <<CONFIG
[ca]
default_ca = tests
[tests]
database = $work/index
new_certs_dir = $work
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
CONFIG
: > "$work/index"

# sign <name> <common name> <from> <until> <extension> [options of openssl ca]
sign() {
  name=$1 common=$2 from=$3 until=$4 extension=$5
  shift 5
  openssl req -new -key "$work/$name.key" -subj "/CN=$common" -addext "$extension" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.cnf" -startdate "$from" -enddate "$until" -keyfile "$work/ca.key" \
    -in "$work/$name.csr" -out "$name.pem" "$@" 2> "$work/log" || { cat "$work/log"; exit 1; }
}

key "$work/ca.key"
sign ca 'smearcache tests' $FROM $UNTIL 'basicConstraints=critical,CA:TRUE' -selfsign

leaf() { key "$work/$1.key"; sign "$@" -cert ca.pem; cat "$work/$1.key" >> "$1.pem"; }
leaf server localhost $FROM $UNTIL 'subjectAltName=DNS:localhost,IP:127.0.0.1'
leaf wrong-name other.example $FROM $UNTIL 'subjectAltName=DNS:other.example'
leaf expired localhost $FROM 20200102000000Z 'subjectAltName=DNS:localhost,IP:127.0.0.1'

key "$work/self-signed.key"
sign self-signed localhost $FROM $UNTIL 'subjectAltName=DNS:localhost,IP:127.0.0.1' -selfsign -keyfile "$work/self-signed.key"
cat "$work/self-signed.key" >> self-signed.pem
