// Asks as Grafana and Rill do, packed in each way that the driver knows. Argument: host:port.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
)

func main() {
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP,
	} {
		if err := ask(method); err != nil {
			fmt.Println("failed", method, err)
			os.Exit(1)
		}
	}
}

func ask(method clickhouse.CompressionMethod) error {
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{os.Args[1]},
		Protocol:    clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: "gold", Username: "analyst"},
		Compression: &clickhouse.Compression{Method: method},
	})
	defer db.Close()
	var user string
	var purchases uint64
	if err := db.QueryRow("SELECT currentUser(), sum(purchases) FROM gold.days").Scan(&user, &purchases); err != nil {
		return err
	}
	rows, err := db.Query("SELECT number, repeat('x', 100) FROM numbers(100000)")
	if err != nil {
		return err
	}
	count := 0
	for rows.Next() {
		count++
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	wanted, err := ext.NewTable("wanted", ext.Column("branch", "String"))
	if err != nil {
		return err
	}
	if err := wanted.Append("SMKT001"); err != nil {
		return err
	}
	var days uint64
	with := clickhouse.Context(context.Background(), clickhouse.WithExternalTable(wanted))
	joined := "SELECT count() FROM gold.days WHERE branch_id IN (SELECT branch FROM wanted)"
	if err := db.QueryRowContext(with, joined).Scan(&days); err != nil {
		return err
	}
	fmt.Printf("%v %s %d %d %d\n", method, user, purchases, count, days)
	return nil
}
