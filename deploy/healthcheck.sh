#!/bin/bash
# Exits 0 when http://127.0.0.1:PORT/PATH answers 200: healthcheck.sh PORT PATH
# bash opens the connection itself: a slim image has no curl, and starting node every few seconds would cost more.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
