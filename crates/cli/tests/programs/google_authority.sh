#!/bin/sh
# Signs a certificate for each of some names with an authority, as somebody would who had stolen its key, and says which of
# them a client that trusts the authority would take.
# Called with the authority's certificate, its key, and the names: `DNS:x` or `IP:x`.
set -eu
ca=$1 key=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openssl ecparam -name prime256v1 -genkey -noout -out leaf.key
printf '[req]\ndistinguished_name=dn\n[dn]\n' >leaf.cnf
openssl req -new -key leaf.key -subj /CN=leaf -config leaf.cnf -out leaf.csr
for name; do
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n' "$name" >leaf.ext
    openssl x509 -req -in leaf.csr -CA "$ca" -CAkey "$key" -set_serial 1 -days 1 -extfile leaf.ext -out leaf.pem 2>/dev/null
    case $name in
    IP:*) wanted="-verify_ip ${name#IP:}" ;;
    *) wanted="-verify_hostname ${name#DNS:}" ;;
    esac
    # shellcheck disable=SC2086
    if openssl verify -x509_strict -purpose sslserver -CAfile "$ca" $wanted leaf.pem >said 2>&1; then
        echo "taken $name"
    elif grep -q 'subtree violation' said; then
        echo "refused $name"
    else
        echo "$name: $(cat said)"
    fi
done
