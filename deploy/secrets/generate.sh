#!/bin/sh
# Makes every password and the certificate that the operator has not brought, once, and hands each service its own.
#
# /own      what the operator brought: NAME.password, tls.crt with tls.key; read only
# /secrets  a folder per service, readable by that service's user alone, and `made` with the originals: a volume each
set -eu
umask 077

# The users of docker-compose.yml; 999, 101 and 472 are those of the official images.
POSTGRES=999 CLICKHOUSE=101 POS_API=10001 RELAY=10002 RECONCILER=10003 DASHBOARD=10004 OPERATOR=10005 PROXY=10006 LOADER=10008 GRAFANA=472

fail() { echo "secrets: $1" >&2; exit 1; }

# Prints the password NAME: the operator's, else the one made at the first start: password NAME
password() {
  if [ -s "/own/$1.password" ]; then
    given=$(tr -d '\r\n' <"/own/$1.password")
    case $given in *[!A-Za-z0-9._~-]*) fail "own/$1.password may hold letters, digits and . _ ~ - only" ;; esac
    [ ${#given} -ge 16 ] || fail "own/$1.password is shorter than 16 characters"
    printf %s "$given"
    return
  fi
  mkdir -p /secrets/made
  if [ ! -s "/secrets/made/$1" ]; then
    openssl rand -hex 24 | tr -d '\n' >"/secrets/made/$1.new"
    mv "/secrets/made/$1.new" "/secrets/made/$1"
  fi
  cat "/secrets/made/$1"
}

# Prints the key of the dashboard's till, in the form that pos-api/src/keys/api-keys.ts makes them; `migrate` lets it in.
till_key() {
  mkdir -p /secrets/made
  if [ ! -s /secrets/made/till_key ]; then
    printf 'ts_%s_%s' "$(openssl rand -hex 6)" "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n')" >/secrets/made/till_key.new
    mv /secrets/made/till_key.new /secrets/made/till_key
  fi
  cat /secrets/made/till_key
}

# Writes standard input to /secrets/FOLDER/FILE for one user: give USER FOLDER FILE
give() {
  mkdir -p "/secrets/$2"
  cat >"/secrets/$2/$3.new"
  chmod 400 "/secrets/$2/$3.new"
  chown "$1:$1" "/secrets/$2/$3.new" "/secrets/$2"
  chmod 500 "/secrets/$2"
  mv "/secrets/$2/$3.new" "/secrets/$2/$3"
}

postgres_url() { printf 'postgres://%s:%s@postgres:5432/tillstream' "$1" "$2"; }
clickhouse_url() { printf 'http://%s:%s@clickhouse:8123' "$1" "$2"; }
sha256() { printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

[ -d /secrets ] || fail "there are no volumes in /secrets"

# A file that nobody reads is a slip of the pen, and its password would not be in force.
for file in /own/*.password; do
  name=$(basename "$file" .password)
  case $name in
    '*') ;;
    postgres-superuser | postgres-owner | postgres-pos-api | postgres-relay | postgres-reconciler | postgres-dashboard | postgres-loader) ;;
    clickhouse-admin | clickhouse-ingest | clickhouse-dashboard | clickhouse-analyst) ;;
    kafka | grafana-admin) ;;
    *) fail "own/$name.password is no password that Tillstream has; deploy/own/README.md names them" ;;
  esac
done

pg_superuser=$(password postgres-superuser)
pg_owner=$(password postgres-owner)
pg_api=$(password postgres-pos-api)
pg_relay=$(password postgres-relay)
pg_reconciler=$(password postgres-reconciler)
pg_dashboard=$(password postgres-dashboard)
pg_loader=$(password postgres-loader)
ch_admin=$(password clickhouse-admin)
ch_ingest=$(password clickhouse-ingest)
ch_dashboard=$(password clickhouse-dashboard)
ch_analyst=$(password clickhouse-analyst)
grafana=$(password grafana-admin)
till=$(till_key)

# A broker of the operator's: its password and its authority's certificate, for all who ask it; empty where there is none.
kafka_password=
[ ! -s /own/kafka.password ] || kafka_password=$(tr -d '\r\n' </own/kafka.password)
kafka_ca=
if [ -s /own/kafka-ca.crt ]; then
  openssl x509 -in /own/kafka-ca.crt -noout || fail "own/kafka-ca.crt is no certificate in PEM"
  kafka_ca=$(cat /own/kafka-ca.crt)
  give $CLICKHOUSE clickhouse kafka_ca </own/kafka-ca.crt
fi
give_kafka() { # USER FOLDER
  printf %s "$kafka_password" | give "$1" "$2" kafka_password
  printf %s "$kafka_ca" | give "$1" "$2" kafka_ca
}
give_kafka $OPERATOR operator
give_kafka $RELAY relay
give_kafka $RECONCILER reconciler
give_kafka $DASHBOARD dashboard

printf %s "$pg_superuser" | give $POSTGRES postgres superuser_password
printf %s "$pg_owner" | give $POSTGRES postgres owner_password
postgres_url pos_api "$pg_api" | give $POS_API pos-api postgres_url
postgres_url relay "$pg_relay" | give $RELAY relay postgres_url
postgres_url reconciler "$pg_reconciler" | give $RECONCILER reconciler postgres_url
clickhouse_url ingest "$ch_ingest" | give $RECONCILER reconciler clickhouse_url
postgres_url dashboard "$pg_dashboard" | give $DASHBOARD dashboard postgres_url
clickhouse_url dashboard "$ch_dashboard" | give $DASHBOARD dashboard clickhouse_url
printf %s "$till" | give $DASHBOARD dashboard till_key
printf %s "$till" | give $OPERATOR operator till_key
postgres_url tillstream "$pg_owner" | give $OPERATOR operator postgres_url
postgres_url loader "$pg_loader" | give $LOADER loader postgres_url
clickhouse_url admin "$ch_admin" | give $OPERATOR operator clickhouse_url
printf %s "$ch_analyst" | give $OPERATOR operator analyst_password
printf %s "$grafana" | give $OPERATOR operator grafana_password
printf %s "$grafana" | give $GRAFANA grafana password
give $OPERATOR operator role_passwords <<END
pos_api=$pg_api
relay=$pg_relay
reconciler=$pg_reconciler
dashboard=$pg_dashboard
loader=$pg_loader
END
give $CLICKHOUSE clickhouse passwords.xml <<END
<clickhouse>
  <admin_password>$(sha256 "$ch_admin")</admin_password>
  <ingest_password>$(sha256 "$ch_ingest")</ingest_password>
  <dashboard_password>$(sha256 "$ch_dashboard")</dashboard_password>
  <analyst_password>$(sha256 "$ch_analyst")</analyst_password>
$([ -z "$kafka_ca" ] || echo "  <kafka_ca>/secrets/clickhouse/kafka_ca</kafka_ca>")
</clickhouse>
END

if [ -s /own/tls.crt ] && [ -s /own/tls.key ]; then
  of_certificate=$(openssl x509 -in /own/tls.crt -noout -pubkey) || fail "own/tls.crt is no certificate in PEM"
  of_key=$(openssl pkey -in /own/tls.key -pubout) || fail "own/tls.key is no private key in PEM without a passphrase"
  [ "$of_certificate" = "$of_key" ] || fail "own/tls.key does not belong to own/tls.crt"
  openssl x509 -in /own/tls.crt -noout -checkend 0 >/dev/null || fail "own/tls.crt has expired"
  give $PROXY proxy tls.crt </own/tls.crt
  give $PROXY proxy tls.key </own/tls.key
  echo "secrets: TLS with the certificate of deploy/own"
elif [ -s /own/tls.crt ] || [ -s /own/tls.key ]; then
  fail "deploy/own has one of tls.crt and tls.key; it takes both"
else
  # Made anew a month before it ends.
  if ! openssl x509 -in /secrets/made/tls.crt -noout -checkend 2592000 >/dev/null 2>&1; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 -subj "/O=Tillstream self-signed/CN=$PUBLIC_HOST" \
      -addext "subjectAltName=DNS:$PUBLIC_HOST,DNS:localhost,IP:127.0.0.1" \
      -keyout /secrets/made/tls.key.new -out /secrets/made/tls.crt.new 2>/dev/null
    mv /secrets/made/tls.key.new /secrets/made/tls.key
    mv /secrets/made/tls.crt.new /secrets/made/tls.crt
  fi
  give $PROXY proxy tls.crt </secrets/made/tls.crt
  give $PROXY proxy tls.key </secrets/made/tls.key
  echo "secrets: TLS with a self-signed certificate: browsers warn; put tls.crt and tls.key into deploy/own for a real one"
fi
echo "secrets: every service has its own"
