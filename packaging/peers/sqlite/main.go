// Command sqlite records sales in SQLite, as a peer of the store's benchmark: the
// same values, in equal groups, each group one transaction, WAL with
// synchronous=FULL. It is no part of the product.
//
// It reads rounds from its standard input, one a line: a folder, how many sales,
// how many a group; and answers each with the sales a second and the bytes that
// it had written to the disk per sale.
package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"
)

func main() {
	rounds := bufio.NewScanner(os.Stdin)
	for rounds.Scan() {
		var dir string
		var sales, group, saleSize, eventSize int
		if _, err := fmt.Sscan(rounds.Text(), &dir, &sales, &group, &saleSize, &eventSize); err != nil {
			fail(err)
		}
		took, bytes, err := record(dir, sales, group, saleSize, eventSize)
		if err != nil {
			fail(err)
		}
		fmt.Println(float64(sales)/took.Seconds(), float64(bytes)/float64(sales))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sqlite:", err)
	os.Exit(1)
}

// record makes a database in a folder, with a table for each of the store's
// buckets that a sale goes into.
func record(dir string, sales, group, saleSize, eventSize int) (took time.Duration, bytes int64, err error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "peer.sqlite")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for _, table := range []string{
		"CREATE TABLE sales (seq INTEGER PRIMARY KEY, body BLOB)",
		"CREATE TABLE keys (source TEXT, id TEXT, seq INTEGER, PRIMARY KEY (source, id)) WITHOUT ROWID",
		"CREATE TABLE outbox (position INTEGER PRIMARY KEY, event BLOB)",
	} {
		if _, err := db.Exec(table); err != nil {
			return 0, 0, err
		}
	}
	var statements [3]*sql.Stmt
	for i, text := range []string{
		"INSERT INTO keys VALUES ('register/registradora', ?, ?)", "INSERT INTO sales VALUES (?, ?)", "INSERT INTO outbox VALUES (?, ?)",
	} {
		if statements[i], err = db.Prepare(text); err != nil {
			return 0, 0, err
		}
		defer statements[i].Close()
	}
	sale, event := []byte(strings.Repeat("s", saleSize)), []byte(strings.Repeat("e", eventSize))
	before, begun := written(), time.Now()
	for n := 0; n < sales; {
		tx, err := db.Begin()
		if err != nil {
			return 0, 0, err
		}
		for range min(group, sales-n) {
			n++
			_, err1 := tx.Stmt(statements[0]).Exec(fmt.Sprintf("%012d", n), n)
			_, err2 := tx.Stmt(statements[1]).Exec(n, sale)
			_, err3 := tx.Stmt(statements[2]).Exec(n, event)
			if err := errors.Join(err1, err2, err3); err != nil {
				return 0, 0, errors.Join(err, tx.Rollback())
			}
		}
		if err := tx.Commit(); err != nil {
			return 0, 0, err
		}
	}
	return time.Since(begun), written() - before, nil
}

// written is what this process has had written to disks (proc(5), /proc/PID/io).
func written() (n int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if _, err := fmt.Sscanf(line, "write_bytes: %d", &n); err == nil {
			return n
		}
	}
	return 0
}
