"""Asks as notebooks, SQLAlchemy and the tools on it do. Arguments: the port, and the password of `default`."""

import sys

import clickhouse_connect
import sqlalchemy
from clickhouse_connect.driver.external import ExternalData

port = int(sys.argv[1])
at = {"host": "localhost", "port": port}
MANY = "SELECT number, repeat('x', 100) FROM numbers(100000)"

for packed in ("lz4", "zstd", "gzip", False):
    client = clickhouse_connect.get_client(**at, username="analyst", database="gold", compress=packed)
    user, purchases = client.query("SELECT currentUser(), sum(purchases) FROM gold.days").first_row
    frame = client.query_df("SELECT * FROM gold.days")
    print("packed", packed, user, purchases, len(client.query(MANY).result_rows), len(frame), frame["day"].dtype.kind)

limited = client.query("SELECT 1", settings={"max_execution_time": 5, "join_use_nulls": 1}).result_rows
wanted = ExternalData(file_name="wanted.csv", fmt="CSV", structure=["branch String"], data=b"SMKT001\n")
joined = client.query("SELECT count() FROM gold.days WHERE branch_id IN (SELECT branch FROM wanted)", external_data=wanted)
print("settings", limited[0][0], "external", joined.first_row[0])

for packed in ("lz4", "gzip", False):
    writer = clickhouse_connect.get_client(**at, username="default", password=sys.argv[2], compress=packed)
    writer.command("CREATE OR REPLACE TABLE default.written (n UInt32, s String) ENGINE = Memory")
    writer.insert("default.written", [[n, "x" * 50] for n in range(20_000)], column_names=["n", "s"])
    print("inserted", packed, *writer.query("SELECT count(), sum(n) FROM default.written").first_row)

engine = sqlalchemy.create_engine(f"clickhousedb://analyst:any@localhost:{port}/gold")
inspector = sqlalchemy.inspect(engine)
with engine.connect() as connection:
    total = connection.execute(sqlalchemy.text("SELECT sum(purchases) FROM days WHERE day >= :day"), {"day": "2026-02-01"})
    print("sqlalchemy", inspector.get_table_names(), len(inspector.get_columns("days")), total.scalar())
