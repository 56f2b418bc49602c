#!/bin/sh
# Makes what docker-compose.yml needs to start: random passwords and keys, and a certificate for Redis.
# Needs openssl. Runs once; it never replaces a file. Usage: deploy/compose/make-secrets.sh [FOLDER]
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

keep() { # NAME: standard input becomes that file, unless there is one
  if [ -e "$1" ]; then cat >/dev/null; else cat >"$1.new" && mv "$1.new" "$1"; fi
}

openssl rand -base64 48 | tr -d '\n' | keep secret-key
openssl rand -base64 32 | tr '+/' '-_' | tr -d '\n' | keep field-keys
openssl rand -hex 24 | tr -d '\n' | keep database-password
openssl rand -hex 24 | tr -d '\n' | keep redis-password

if [ ! -e redis-certificate.pem ]; then
  openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 3650 -subj "/CN=Slipway's authority for Redis" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout redis-ca-key.pem -out redis-ca.pem 2>/dev/null
  openssl req -newkey rsa:3072 -nodes -subj /CN=redis -keyout redis-key.pem -out redis.csr 2>/dev/null
  printf 'subjectAltName=DNS:redis,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >redis.ext
  openssl x509 -req -in redis.csr -CA redis-ca.pem -CAkey redis-ca-key.pem -set_serial "0x$(openssl rand -hex 16)" \
    -sha256 -days 825 -extfile redis.ext -out redis-certificate.pem 2>/dev/null
  rm redis.csr redis.ext
fi

keep redis.conf <<CONF
port 0
tls-port 6379
tls-cert-file /run/secrets/redis-certificate
tls-key-file /run/secrets/redis-key
tls-ca-cert-file /run/secrets/redis-ca
tls-auth-clients no
tls-protocols "TLSv1.2 TLSv1.3"
requirepass $(cat redis-password)
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
CONF

# Compose binds each file into containers that run as other users; the folder keeps everybody else on this machine out.
chmod 444 ./*
chmod 400 redis-ca-key.pem
echo "Secrets are in $(pwd). Keep a copy of field-keys and secret-key apart from the backups of the database."
