#!/bin/bash
# Redpanda's arguments are taken and not read: the listeners are what docker-compose.yml tells Redpanda.
set -euo pipefail
data=/var/lib/redpanda/data/kafka
cat >/tmp/server.properties <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093
advertised.listeners=PLAINTEXT://redpanda:9092
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.segment.bytes=134217728
END
java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml -cp '/opt/kafka/lib/*')
if [ ! -f "$data/meta.properties" ]; then
  "${java[@]}" kafka.tools.StorageTool format -t "$(tr -dc a-zA-Z0-9 </dev/urandom | head -c 22)" -c /tmp/server.properties
fi
exec "${java[@]}" kafka.Kafka /tmp/server.properties
