// What an analyst's tool (Grafana's data source is one) does with clickhouse-go over HTTP, in one JSON line.
// Usage: main ADDRESS USER PASSWORD [none|lz4|gzip]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

func main() {
	methods := map[string]clickhouse.CompressionMethod{
		"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "gzip": clickhouse.CompressionGZIP,
	}
	options := &clickhouse.Options{
		Addr:     []string{os.Args[1]},
		Auth:     clickhouse.Auth{Database: "clients", Username: os.Args[2], Password: os.Args[3]},
		Protocol: clickhouse.HTTP,
	}
	if len(os.Args) > 4 {
		options.Compression = &clickhouse.Compression{Method: methods[os.Args[4]]}
	}
	connection, err := clickhouse.Open(options)
	check(err)
	ctx := context.Background()
	check(connection.Ping(ctx))
	version, err := connection.ServerVersion()
	check(err)
	found := map[string]any{"connect": fmt.Sprint(version.Version)}
	found["list"] = texts(connection.Query(ctx, "SELECT name FROM system.tables WHERE database = 'clients'"))
	found["describe"] = texts(connection.Query(ctx,
		"SELECT name || ' ' || type FROM system.columns WHERE database = 'clients' AND table = 'numbers'"))
	var text string
	named := clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"text": "it's; -- 'x'"}))
	check(connection.QueryRow(named, "SELECT {text:String}").Scan(&text))
	found["parameter"] = text
	rows, err := connection.Query(ctx, "SELECT id, word FROM numbers")
	check(err)
	read := 0
	for rows.Next() {
		var id uint64
		var word string
		check(rows.Scan(&id, &word))
		read++
	}
	check(rows.Err())
	found["stream"] = read
	found["refused"] = code(connection.Exec(ctx, "INSERT INTO numbers VALUES (1, 'x')"))
	found["refused_drop"] = code(connection.Exec(ctx, "DROP TABLE numbers"))
	check(json.NewEncoder(os.Stdout).Encode(found))
}

func texts(rows driver.Rows, err error) []string {
	check(err)
	found := []string{}
	for rows.Next() {
		var text string
		check(rows.Scan(&text))
		found = append(found, text)
	}
	check(rows.Err())
	return found
}

func code(err error) any {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return fmt.Sprint(exception.Code)
	}
	if err != nil {
		return err.Error()
	}
	return false
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
